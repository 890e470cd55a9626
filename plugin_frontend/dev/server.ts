// Answers the plugin's routes with invented runs, so that the page can be worked on without TensorBoard or training.
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Plugin } from "vite";
import { IMAGE_HASHES, image, labels } from "./images.ts";
import { classes, records, runs, steps, summaries } from "./runs.ts";

export function syntheticRuns(): Plugin {
  return {
    name: "synthetic-runs",
    apply: "serve",
    configureServer({ middlewares }) {
      middlewares.use((request, response, next) => answer(request, response) || next());
    },
  };
}

function answer(request: IncomingMessage, response: ServerResponse): boolean {
  const { pathname, searchParams } = new URL(request.url ?? "/", "http://localhost");
  const send = (body: Uint8Array | object, type = "application/octet-stream") => {
    response.setHeader("Content-Type", body instanceof Uint8Array ? type : "application/json");
    response.end(body instanceof Uint8Array ? body : JSON.stringify(body));
    return true;
  };
  switch (pathname) {
    case "/runs":
      return send({ runs });
    case "/steps":
      return send({ series: steps(searchParams.get("run") ?? ""), parts: [], next: "", more: false, anew: true });
    case "/records":
      return send(records(searchParams.getAll("key")));
    case "/summaries":
      return send(summaries(searchParams.getAll("key"), searchParams.getAll("sample")));
    case "/image":
      return send(image(IMAGE_HASHES.indexOf(searchParams.get("hash") ?? "")), "image/png");
    case "/classes":
      return send(classes());
    case "/labels":
      return send(labels());
    default:
      return false;
  }
}
