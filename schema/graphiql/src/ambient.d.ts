// What the build puts in place (see build.mjs).
declare const WORKERS: Record<"editor" | "json" | "graphql", string>;
declare const LICENCES: string;
declare module "*.css";
declare module "examples" {
  const examples: { name: string; query: string; variables: string }[];
  export default examples;
}
