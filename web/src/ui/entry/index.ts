/** The screens before the conversations, as one chunk: whoever needs one of them soon needs another. */
export { default as Activate } from "./Activate.svelte";
export { default as Locked } from "./Locked.svelte";
export { default as Recover } from "./Recover.svelte";
export { default as Reset } from "./Reset.svelte";
export { default as SignIn } from "./SignIn.svelte";
export { default as Stopped } from "./Stopped.svelte";
