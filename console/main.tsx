import { render } from "preact";
import { listenToKeys } from "./app/keyboard";
import { followLinks } from "./app/router";
import { Shell } from "./app/shell";
import { keepFresh } from "./api/resource";

followLinks();
listenToKeys();
keepFresh();
const root = document.getElementById("root");
if (root) render(<Shell />, root);
