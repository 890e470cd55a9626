/** The style sheets of tiles and of the enlarged sample, which several views show. */
import { adoptStyles } from "../../styles/adopt.ts";
import clusterFacts from "../../styles/cluster_facts.css?inline";
import clusterPath from "../../styles/cluster_path.css?inline";
import clusters from "../../styles/clusters.css?inline";
import curves from "../../styles/curves.css?inline";
import explanations from "../../styles/explanations.css?inline";
import figures from "../../styles/figures.css?inline";
import occlusion from "../../styles/occlusion.css?inline";
import dialog from "../../styles/sample_dialog.css?inline";
import tiles from "../../styles/tiles.css?inline";

adoptStyles(explanations, tiles, dialog, figures, occlusion, curves, clusterFacts, clusters, clusterPath);
