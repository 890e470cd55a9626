// The scatter plot alone, as a module that browser tests and benchmarks draw with; it is not part of the page that is shipped.
import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

export default defineConfig({
  build: {
    target: "es2022",
    lib: { entry: fileURLToPath(new URL("./module.ts", import.meta.url)), formats: ["es"], fileName: "scatter" },
    minify: true,
  },
});
