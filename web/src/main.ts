import { mount } from "svelte";
import "./styles/tokens.css";
import "./styles/fonts.css";
import "./styles/base.css";
import { createApp } from "./core/index";
import App from "./ui/App.svelte";
import { registerServiceWorker } from "./ui/pwa.svelte";

const target = document.getElementById("beep");
if (!target) throw new Error("The page has no #beep");
const app = await createApp();
target.replaceChildren();
mount(App, { target, props: { app } });
if (import.meta.env.PROD) void registerServiceWorker();
