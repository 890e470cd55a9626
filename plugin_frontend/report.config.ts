// How the page of an exported report is built: one script, which has nothing to load.
import { defineConfig } from "vite";
import { plainImports } from "./vite.config.ts";

export default defineConfig({
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  plugins: [plainImports()],
  build: {
    target: "es2022",
    outDir: "../tb_explain/sharing/static",
    emptyOutDir: true,
    modulePreload: false,
    chunkSizeWarningLimit: 1000, // kB
    rollupOptions: {
      input: "src/report.ts",
      output: { format: "es", entryFileNames: "report.js", codeSplitting: false },
    },
  },
});
