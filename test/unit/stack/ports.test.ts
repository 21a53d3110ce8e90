import { createServer, type AddressInfo, type Server } from "node:net";
import { portOf } from "../../../local/ports";

let server: Server;
let taken: number;

beforeEach(async () => {
  server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  taken = (server.address() as AddressInfo).port;
});
afterEach(() => server.close());

it("a port that is asked for and taken is not silently another one", async () => {
  await expect(portOf("--port", String(taken), 1)).rejects.toThrow(`--port: another process has port ${taken}`);
});

it.each(["0", "65536", "http", "-1", ""])("--port %j is refused", async (asked) => {
  await expect(portOf("--port", asked, taken)).rejects.toThrow("is no port from 1 to 65535");
});

it("the usual port, when nobody asks and it is taken, gives way to a free one", async () => {
  expect(await portOf("--port", undefined, taken)).not.toBe(taken);
});
