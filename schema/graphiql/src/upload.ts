// Turns an operation into what is sent: JSON, or multipart/form-data when its variables hold files
// (the GraphQL multipart request specification: operations, map, then the files).
import type { FetcherParams } from "@graphiql/toolkit";
import {
  getOperationAST, isInputObjectType, isListType, isNonNullType, parse, typeFromAST,
  type GraphQLInputType, type GraphQLSchema, type OperationDefinitionNode, type TypeNode,
} from "graphql";
import { findFile } from "./files";

type Uploads = Map<File, string[]>;

export function encode(params: FetcherParams, schema: GraphQLSchema | null): string | FormData {
  const uploads: Uploads = new Map();
  const operation = schema && operationIn(params);
  const variables: Record<string, unknown> = { ...params.variables };
  for (const definition of operation?.variableDefinitions ?? []) {
    const name = definition.variable.name.value;
    const type = typeFromAST(schema!, definition.type as TypeNode) as GraphQLInputType | undefined;
    if (type && name in variables) {
      variables[name] = takeFiles(type, variables[name], `variables.${name}`, uploads);
    }
  }
  const json = JSON.stringify({ ...params, variables });
  return uploads.size ? multipart(json, uploads) : json;
}

function operationIn(params: FetcherParams): OperationDefinitionNode | null {
  try {
    return getOperationAST(parse(params.query), params.operationName) ?? null;
  } catch {
    return null; // The server says what is wrong with it.
  }
}

/** The value with `null` in each place of type Upload that names a chosen file; the file is noted with its path. */
function takeFiles(type: GraphQLInputType, value: unknown, path: string, uploads: Uploads): unknown {
  if (value === null || value === undefined) return value;
  if (isNonNullType(type)) return takeFiles(type.ofType, value, path, uploads);
  if (isListType(type)) {
    const items = Array.isArray(value) ? value : [value];
    return items.map((item, index) => takeFiles(type.ofType, item, `${path}.${index}`, uploads));
  }
  if (isInputObjectType(type) && typeof value === "object") {
    const fields = type.getFields();
    return Object.fromEntries(
      Object.entries(value).map(([name, item]) => {
        const field = fields[name];
        return [name, field ? takeFiles(field.type, item, `${path}.${name}`, uploads) : item];
      }),
    );
  }
  if ("name" in type && type.name === "Upload" && typeof value === "string") {
    const file = findFile(value);
    uploads.set(file, [...(uploads.get(file) ?? []), path]);
    return null;
  }
  return value;
}

function multipart(operations: string, uploads: Uploads): FormData {
  const form = new FormData();
  form.set("operations", operations);
  form.set("map", JSON.stringify(Object.fromEntries([...uploads.values()].entries())));
  [...uploads.keys()].forEach((file, index) => form.set(String(index), file, file.name));
  return form;
}
