/**
 * The script of the console's pages. The pages come finished from the server and most work without it; here is what only a
 * browser can do: stretch a passphrase, verify an entry, draw a plot.
 */
import "./console.css";
import { offerPeople } from "./people";
import { drawPlots } from "./plots";
import { signIn } from "./sign-in";
import { offerVerification } from "./verification";

const page = document.body.dataset["page"] ?? "";

for (const link of document.querySelectorAll<HTMLElement>("[data-nav]"))
  if (link.dataset["nav"] === page) link.setAttribute("aria-current", "page");
for (const field of document.querySelectorAll<HTMLInputElement>("input[data-person]")) offerPeople(field);
for (const button of document.querySelectorAll("[data-act=print]"))
  button.addEventListener("click", () => {
    globalThis.print();
  });

const form = document.querySelector<HTMLFormElement>("#sign-in");
if (form) signIn(form);
const verify = document.querySelector<HTMLElement>("#verify");
if (verify) offerVerification(verify);
if (page === "plots") void drawPlots();
