import { DOCS_POLICY, docsPage } from "./docs-page";
import type { ApiPorts } from "../ports";
import { openApiText } from "../registry/openapi";
import { answer, operation, type Operation } from "../registry/operation";

/** The documents about the other operations, made from the table that they stand in themselves. */
export function documentOperations(all: () => readonly Operation[]): readonly Operation[] {
  const openApi = operation({
    id: "openApi",
    summary: "Get this document",
    http: { method: "GET", path: "openapi.json" },
    onlyHttp: "it describes HTTP",
    access: "reader",
    readOnly: true,
    etag: true,
    answers: { 200: { description: "OpenAPI 3.1", contentType: "application/json" } },
    problems: [],
    run({ root }, { version }: Pick<ApiPorts, "version">) {
      return answer(200, openApiText(all(), version, root));
    },
  });
  const docs = operation({
    id: "docs",
    summary: "Show the API to people",
    http: { method: "GET", path: "docs" },
    onlyHttp: "it is a page",
    access: "reader",
    readOnly: true,
    etag: true,
    answers: { 200: { description: "A page", contentType: "text/html", contentSecurityPolicy: DOCS_POLICY } },
    problems: [],
    run({ root }, { version }: Pick<ApiPorts, "version">) {
      return answer(200, docsPage(all(), version, root));
    },
  });
  return [openApi, docs];
}
