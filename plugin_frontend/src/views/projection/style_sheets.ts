/** The style sheets of points and what is beside them, which several views show. */
import { adoptStyles } from "../../styles/adopt.ts";
import projection from "../../styles/projection.css?inline";
import legend from "../../styles/projection_legend.css?inline";
import side from "../../styles/projection_side.css?inline";
import tables from "../../styles/projection_tables.css?inline";

adoptStyles(projection, legend, side, tables);
