/** Entry of fake.html: `?fake=<scene>&lang=<language>&theme=<theme>` chooses what is shown. */
import { mount } from "svelte";
import "../src/styles/tokens.css";
import "../src/styles/fonts.css";
import "../src/styles/base.css";
import App from "../src/ui/App.svelte";
import { FakeApp, type Scene } from "./fake-app";

const query = new URLSearchParams(location.search);
const app = new FakeApp((query.get("fake") ?? "open") as Scene, {
  language: (query.get("lang") ?? "en") as "en" | "ur" | "fa",
  theme: (query.get("theme") ?? "system") as "system" | "light" | "dark",
  calendar: (query.get("calendar") ?? "gregorian") as "gregorian" | "persian" | "islamic",
});
Object.assign(globalThis, { fakeApp: app });
const target = document.getElementById("beep");
if (target) mount(App, { target, props: { app } });
