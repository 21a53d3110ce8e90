import type { z } from "zod";
import type { OrchestrationStarter } from "../../domain/orchestration-starter";
import type { ApiPorts } from "../ports";
import type { ProblemCode } from "../problem-types";

/** What a caller may do, each including the ones before. */
export const ROLES = ["reader", "operator", "admin"] as const;
export type Role = (typeof ROLES)[number];

/** Who calls. */
export interface Caller {
  /** Name of the signed-in person or app; null where the door knows only a key. */
  readonly name: string | null;
  readonly role: Role;
}

/** An operation's input, checked, and what belongs to this call alone. */
export interface Call<P = unknown, Q = unknown, B = unknown> {
  readonly path: P;
  readonly query: Q;
  readonly body: B;
  /** The caller's `Idempotency-Key`; null without one. */
  readonly key: string | null;
  readonly caller: Caller;
  /** Absolute URL of the API's root, without a slash at its end; links are made of it. */
  readonly root: string;
  /** The durable client. Operations that only read have none: it throws there. */
  readonly starter: OrchestrationStarter;
}

/** An answer that an operation may give. Without schema and content type it has no body. */
export interface AnswerType {
  readonly description: string;
  /** Of the JSON body. */
  readonly schema?: z.ZodType;
  /** Of a body that is not described by a schema. */
  readonly contentType?: "text/html" | "text/plain" | "application/json";
  /** Of a page: what it may load. Without it nothing. */
  readonly contentSecurityPolicy?: string;
}
export type AnswerTypes = Readonly<Record<number, AnswerType>>;

type BodyOf<T extends AnswerType> = T extends { readonly schema: infer S extends z.ZodType }
  ? { readonly body: z.output<S> }
  : T extends { readonly contentType: string }
    ? { readonly body: string }
    : { readonly body?: undefined };

/** What an answer says beside its body. */
export interface AnswerExtras {
  /** Absolute URL of what was made or asked for. */
  readonly location?: string;
  /** Set while another look is worth it. */
  readonly retryAfterSeconds?: number;
}

/** An answer: one of those that the operation describes. */
export type Answer<A extends AnswerTypes> = {
  [S in keyof A & number]: { readonly status: S } & AnswerExtras & BodyOf<A[S]>;
}[keyof A & number];

/** Everything that all doors need to know of one operation. */
export interface OperationSpec<
  P extends z.ZodObject,
  Q extends z.ZodObject,
  B extends z.ZodType,
  A extends AnswerTypes,
  Input extends Call = Call<z.output<P>, z.output<Q>, z.output<B>>,
> {
  /** In camel case: name of the HTTP function and operation id; in snake case the name of the MCP tool. Never changes. */
  readonly id: string;
  /** One line, an imperative without a full stop. */
  readonly summary: string;
  /** More, for the documents and for agents: what it changes, when it is refused. */
  readonly description?: string;
  /** Below the host's route prefix. */
  readonly http: { readonly method: "GET" | "POST"; readonly path: string };
  /** Words of the command; path parameters follow as arguments, query and body as flags. */
  readonly command?: string;
  /** Examples of the command, without the name of the program. */
  readonly examples?: readonly string[];
  /** Columns of the command's table, as paths into an item of the page; else its plain fields. */
  readonly columns?: readonly string[];
  /** Why HTTP is its only door. Else it is a command and a tool as well. */
  readonly onlyHttp?: string;
  /** The role that it asks for; `webhook` wants the webhook's password, `anyone` nothing. */
  readonly access: Role | "webhook" | "anyone";
  /** True when it changes nothing: then it gets no durable client, and is a tool that agents have by default. */
  readonly readOnly: boolean;
  /** An answer carries an ETag, and 304 is given to who has seen it. */
  readonly etag?: boolean;
  /** `core`: the operation itself honours the key. `stored`: the door keeps the first answer and gives it again. */
  readonly idempotencyKey?: "core" | "stored";
  readonly path?: P;
  readonly query?: Q;
  readonly body?: B;
  /** Reads the text of a body; `JSON.parse` unless it may hold int64. */
  readonly parseBody?: (text: string) => unknown;
  readonly answers: A;
  /** Problems of its own; every operation may also answer with those that any has (`COMMON_PROBLEMS`). */
  readonly problems: readonly ProblemCode[];
  readonly run: (call: Input, ports: ApiPorts) => Promise<Answer<A>> | Answer<A>;
}

/** Any operation, as the doors see it. */
export type Operation = Omit<OperationSpec<z.ZodObject, z.ZodObject, z.ZodType, AnswerTypes>, "run"> & {
  readonly run: (call: Call, ports: ApiPorts) => Promise<AnyAnswer> | AnyAnswer;
};
/** An answer of any operation. */
export interface AnyAnswer extends AnswerExtras {
  readonly status: number;
  readonly body?: unknown;
}

/** Makes an answer; the compiler holds status and body against what the operation describes. */
export function answer<S extends number, B = undefined>(
  status: S,
  body?: B,
  extras: AnswerExtras = {},
): { readonly status: S; readonly body: B } & AnswerExtras {
  return { status, body: body as B, ...extras };
}

/** States an operation; its handler is held against the schemas by the compiler. */
export function operation<
  P extends z.ZodObject,
  Q extends z.ZodObject,
  B extends z.ZodType,
  const A extends AnswerTypes,
>(spec: OperationSpec<P, Q, B, A>): Operation {
  // The doors hand over only what they have checked with these very schemas.
  return spec as unknown as Operation;
}
