// Monaco checks and completes in workers; it asks here where they are.
Object.assign(globalThis, {
  MonacoEnvironment: {
    getWorker(_id: string, label: string) {
      const name = label === "json" || label === "graphql" ? label : "editor";
      return new Worker(new URL(WORKERS[name], import.meta.url), { type: "module" });
    },
  },
});
