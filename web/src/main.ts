import { mount } from "svelte";
import "./styles/tokens.css";
import "./styles/fonts.css";
import "./styles/base.css";
import { createApp } from "./core/index";
import { preloadLanguage } from "./i18n/index.svelte";
import App from "./ui/App.svelte";
import { registerServiceWorker } from "./ui/pwa.svelte";

/** Where somebody who is not signed in begins; they need none of the main view. */
const entryPaths = /^\/(activate|sign-in|recover|reset)/u;
const target = document.getElementById("beep");
if (!target) throw new Error("The page has no #beep");
// Fetched while the core opens its store, not one after the other: on a weak machine each step shows.
void preloadLanguage(navigator.languages);
if (!entryPaths.test(location.pathname)) void import("./ui/main/Main.svelte").catch(() => undefined);
const app = await createApp();
target.replaceChildren();
mount(App, { target, props: { app } });
if (import.meta.env.PROD) void registerServiceWorker();
