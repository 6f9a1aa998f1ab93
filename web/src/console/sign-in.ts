import * as v from "valibot";
import { signInSecret } from "../crypto/vault";
import { CryptoError } from "../crypto/errors";
import { fromBase64Url, toBase64Url } from "../transport/base64url";
import { ask, Refused } from "./http";

const greeting = v.object({ salt: v.string(), challenge: v.string() });

/**
 * Turns the form into a sign-in: salt from the server, secret by Argon2id here, and only that is sent.
 *
 * The passphrase lives in its field until the form is answered; the field is emptied then. The secret is wiped after it
 * was sent.
 */
export function signIn(form: HTMLFormElement): void {
  const problem = form.querySelector<HTMLElement>(".error");
  const button = form.querySelector("button");
  if (!problem || !button) return;
  const name = button.textContent;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    problem.hidden = true;
    button.disabled = true;
    button.textContent = "Checking …";
    // Two frames, so that the words are on screen before Argon2id takes the thread for a second.
    requestAnimationFrame(() => {
      requestAnimationFrame(() => {
        void enter(form)
          .then(() => {
            globalThis.location.assign(form.dataset["next"] ?? "/log");
          })
          .catch((error: unknown) => {
            problem.textContent = words(error);
            problem.hidden = false;
            button.disabled = false;
            button.textContent = name;
          });
      });
    });
  });
}

async function enter(form: HTMLFormElement): Promise<void> {
  const field = (id: string): HTMLInputElement => form.elements.namedItem(id) as HTMLInputElement;
  const login = field("login").value.trim();
  const given = v.parse(greeting, await ask("/sign-in/begin", { login }));
  const salt = fromBase64Url(given.salt);
  if (!salt) throw new Refused("The console did not answer as expected.", "internal", null);
  const secret = await signInSecret(field("passphrase").value, salt);
  const body = {
    login,
    signin_secret: toBase64Url(secret),
    totp: field("totp").value,
    challenge: given.challenge,
  };
  secret.fill(0);
  await ask("/sign-in/finish", body);
  field("passphrase").value = "";
}

function words(error: unknown): string {
  if (error instanceof Refused)
    return error.retryAfter
      ? `Too many tries. Wait ${String(Math.ceil(error.retryAfter))} seconds.`
      : error.message;
  // A passphrase too short to be anybody's is told apart by nobody.
  if (error instanceof CryptoError) return "Login, passphrase or one-time code is wrong.";
  return "The server cannot be reached. Check the network and try again.";
}
