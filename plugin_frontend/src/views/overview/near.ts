/** Which runs are near the screen, of which the overview asks more. */
import { overviewInView } from "../../state/overview_frame.ts";

export const NEAR = { inView: overviewInView, root: ".overview", margin: "400px 0px" };
