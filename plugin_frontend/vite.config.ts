// How the page is built, served while developing, and tested.
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";
import { syntheticRuns } from "./dev/server.ts";

// `TENSORBOARD=http://127.0.0.1:6006 npm run dev` shows the runs of a TensorBoard; without it, invented ones.
const tensorboard = process.env.TENSORBOARD;

export default defineConfig({
  base: "./", // the page lives below an address that it does not know
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  plugins: [plainImports(), ...(tensorboard ? [] : [syntheticRuns()])],
  server: {
    proxy: tensorboard
      ? {
          "^/(runs|steps|records|summaries|image|classes|labels|volume|column)\\b": {
            target: tensorboard,
            rewrite: (path) => `/data/plugin/tb_explain${path}`,
          },
        }
      : {},
  },
  build: {
    target: "es2022",
    outDir: "../tb_explain/plugin/static",
    emptyOutDir: true,
    assetsInlineLimit: 0, // TensorBoard's content security policy refuses to fetch data: addresses
    cssCodeSplit: false,
    modulePreload: false,
    rollupOptions: {
      input: "src/main.tsx",
      preserveEntrySignatures: "strict", // or `render` is dropped from index.js
      output: {
        format: "es",
        entryFileNames: "index.js",
        chunkFileNames: ({ name }) => `chunks/${name.replace(/~.*/, "")}-[hash].js`,
        assetFileNames: "assets/[name]-[hash][extname]",
        // What is needed at once is one file; what several views share is in as few as can be without loading what is not shown.
        codeSplitting: {
          groups: [
            { name: "page", tags: ["$initial"], priority: 2 },
            // What the page opens with is a second one, with all that only it and other views need.
            { name: "overview", test: /views.overview.Overview\.tsx$/, priority: 2 },
            { name: "shared", minShareCount: 2, entriesAware: true, entriesAwareMergeThreshold: 2_000 },
          ],
        },
      },
    },
  },
  test: { include: ["src/**/*.test.{ts,tsx}"] },
});

/** Vite wraps `import()` in code that preloads style sheets. The page has none to load: they are in its scripts. */
export function plainImports(): Plugin {
  return {
    name: "plain-imports",
    enforce: "pre",
    load: (id) => (id === "\0vite/preload-helper.js" ? "export const __vitePreload = (load) => load();" : null),
  };
}
