import { sha256 } from "../../domain/tokens";
import type { AnswerStore, KeyedRequest } from "../../ledger/answer-store";
import { Problem } from "../problems";
import type { AnyAnswer, Call, Operation } from "../registry/operation";

/**
 * Does the work of a request once for its `Idempotency-Key`: the same request again gets the first answer.
 * @throws Problem 422 for another request with the key, 409 while the first is at work
 */
export async function answerOnce(
  operation: Operation,
  { key, path, query, body }: Call,
  answers: AnswerStore,
  work: () => Promise<AnyAnswer>,
): Promise<AnyAnswer> {
  if (operation.idempotencyKey !== "stored" || key === null) return work();
  // An empty body is none: keys of callers that sent none go on when an operation begins to take one.
  const isEmpty = typeof body === "object" && body !== null && Object.keys(body).length === 0;
  const fingerprint = sha256(JSON.stringify([path, query, isEmpty ? undefined : body]));
  const request: KeyedRequest = { operation: operation.id, key, fingerprint };
  const state = await answers.begin(request);
  switch (state.kind) {
    case "given": {
      const { status, body: text, location } = state.answer;
      return {
        status,
        ...(text === null ? {} : { body: JSON.parse(text) as unknown }),
        ...(location === null ? {} : { location }),
      };
    }
    case "otherRequest": {
      const errors = [{ pointer: "Idempotency-Key", detail: "was used for another request; send a new key" }];
      throw new Problem("idempotency-key-reused", "This Idempotency-Key asked for something else before.", { errors });
    }
    case "inFlight":
      throw new Problem("request-in-flight", "The first request with this Idempotency-Key is not answered yet.", {
        headers: { "retry-after": "1" },
      });
    case "new":
      return firstAnswer(request, answers, work);
  }
}

async function firstAnswer(
  request: KeyedRequest,
  answers: AnswerStore,
  work: () => Promise<AnyAnswer>,
): Promise<AnyAnswer> {
  let answer: AnyAnswer;
  try {
    answer = await work();
  } catch (error) {
    await answers.forget(request);
    throw error;
  }
  const { status, body, location = null } = answer;
  await answers.give(request, { status, body: body === undefined ? null : JSON.stringify(body), location });
  return answer;
}
