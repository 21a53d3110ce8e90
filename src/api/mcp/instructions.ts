/** What an agent is told first, over standard input and output; host.json says the same to those of a deployment. */
export const INSTRUCTIONS = `Batchkeeper runs batch scoring on Databricks. A pipeline has runs; a run takes drops (files that arrived) as one batch and goes through steps, each a Databricks run.
Begin with health and list_runs. "why" tells the whole story of a run or a file. A refusal has a remedy: do that, or tell it to the person.
Times are UTC. Lists are pages: pass the token of nextLink to go on.`;
