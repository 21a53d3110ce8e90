import { BlobServiceClient } from "@azure/storage-blob";
import { randomBytes, randomUUID } from "node:crypto";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { type LocalDatabricks, startLocalDatabricks } from "../databricks/spawn";
import { Database } from "../functions-host/database";
import { Keys } from "../functions-host/http/keys";
import { type FunctionsHostProcess, startFunctionsHost } from "../functions-host/spawn";
import { REPO_ROOT } from "../paths";
import { type LocalStorage, startAzurite } from "../stack/azurite";
import { makeCertificate, type Certificate } from "./certificate";
import { serveIdentity, type IdentityEndpoint } from "./managed-identity";
import { rehearsalSettings } from "./settings";

const CONTAINERS = ["drops", "batches", "results", "deadletters"];

/** The keys that the host asks for, made before it starts as a deployment has them. */
export interface SiteKeys {
  readonly function: string;
  readonly master: string;
  readonly blobsExtension: string;
}

/** The resources of a deployment by their stand-ins: storage that takes tokens, a managed identity, a workspace, the host with keys. */
export class Site {
  readonly clientId = randomUUID();
  readonly webhookPassword = randomBytes(24).toString("base64url");
  #host: FunctionsHostProcess | undefined;

  private constructor(
    private readonly folder: string,
    private readonly certificate: Certificate,
    readonly storage: LocalStorage,
    readonly databricks: LocalDatabricks,
  ) {}

  identity!: IdentityEndpoint;
  keys!: SiteKeys;
  blobs!: BlobServiceClient;

  /** Everything but the app. What had started is stopped again on a fault. */
  static async prepare(folder: string): Promise<Site> {
    const certificate = makeCertificate(folder);
    // Nothing but this process and the host's trusts it.
    setDefaultCACertificates([...getCACertificates(), readFileSync(certificate.cert, "utf8")]);
    const storage = await startAzurite({ certificate });
    let databricks: LocalDatabricks | undefined;
    try {
      databricks = await startLocalDatabricks({ stateDir: join(folder, "databricks"), bundleDir: REPO_ROOT });
      const site = new Site(folder, certificate, storage, databricks);
      await site.#furnish();
      return site;
    } catch (error) {
      await Promise.all([storage.stop(), databricks?.stop()]);
      throw error;
    }
  }

  async #furnish(): Promise<void> {
    this.blobs = BlobServiceClient.fromConnectionString(this.storage.connectionString);
    for (const name of CONTAINERS) await this.blobs.getContainerClient(name).createIfNotExists();
    this.identity = await serveIdentity(this.clientId, () => this.databricks.token);
    mkdirSync(this.#hostState, { recursive: true });
    const state = new Database(this.#hostState);
    const keys = new Keys(state, true);
    this.keys = {
      function: keys.key("default"),
      master: keys.key("master"),
      blobsExtension: keys.key("system:blobs_extension"),
    };
    state.close();
  }

  get #hostState(): string {
    return join(this.folder, "host");
  }

  get host(): FunctionsHostProcess {
    if (!this.#host) throw new Error("the app is not running");
    return this.#host;
  }

  /** File of the certificate that clients of the storage have to trust. */
  get trusted(): string {
    return this.certificate.cert;
  }

  /** Starts the app in `appDir` with the settings of infra/, and some instead. */
  async startApp(appDir: string, instead: Readonly<Record<string, string>> = {}): Promise<void> {
    const [blob, queue, table] = ["Blob", "Queue", "Table"].map((name) => this.#endpoint(name));
    const settings = rehearsalSettings({
      clientId: this.clientId,
      storage: { blob: blob ?? "", queue: queue ?? "", table: table ?? "" },
      databricksHost: this.databricks.url,
      webhookPassword: this.webhookPassword,
      volumeRoot: join(this.folder, "volumes"),
    });
    this.#host = await startFunctionsHost({
      appDir,
      stateDir: this.#hostState,
      args: ["--enable-auth"],
      env: { ...settings, ...this.identity.env, NODE_EXTRA_CA_CERTS: this.certificate.cert, ...instead },
    });
  }

  async stopApp(): Promise<void> {
    await this.#host?.stop();
    this.#host = undefined;
  }

  /** Calls the API, with the function key unless told otherwise. */
  async call(path: string, init: RequestInit = {}, key: string | undefined = this.keys.function): Promise<Response> {
    const headers = new Headers(init.headers);
    if (key) headers.set("x-functions-key", key);
    return fetch(`${this.host.url}${path}`, { ...init, headers });
  }

  async stop(): Promise<void> {
    await this.stopApp();
    await Promise.all([this.storage.stop(), this.databricks.stop(), this.identity.close()]);
  }

  #endpoint(service: string): string {
    const found = new RegExp(`${service}Endpoint=([^;]+)`).exec(this.storage.connectionString)?.[1];
    if (!found) throw new Error(`no ${service} endpoint in the connection string`);
    return found;
  }
}
