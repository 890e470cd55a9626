/** The entry point of an exported report: the same page, with answers that stand in the document. */
import { answerFrom } from "./data/client.ts";
import { answersIn } from "./data/report.ts";
import { render } from "./main.tsx";

answerFrom(answersIn(document));
render();
