import { defineConfig } from "vite";

// The server has the page at `/`, what it loads at `/assets/` under names that carry a hash.
export default defineConfig({
  base: "/",
  oxc: { jsx: { runtime: "automatic" } },
  build: {
    outDir: "../server/pages",
    emptyOutDir: true,
    assetsInlineLimit: 0, // The security policy lets nothing be written into the document.
    target: ["es2022", "chrome123", "firefox121", "safari17.5"],
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
  // For work on the page: `npx vite`, beside a server on port 8080.
  server: { proxy: Object.fromEntries(["/graphql", "/session", "/uploads", "/api"].map((path) => [path, { target: "http://127.0.0.1:8080", ws: true }])) },
});
