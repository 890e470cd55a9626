export { createScatter } from "../../src/render/scatter/scatter.ts";
export * from "../../src/render/scatter/types.ts";
export { createFloor } from "./floor.ts";
