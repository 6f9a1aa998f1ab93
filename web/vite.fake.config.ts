import { defineConfig, mergeConfig, type Plugin } from "vite";
import base from "./vite.config.ts";

/** Every address that looks like a route gets the harness page, as the real server gives the real one. */
function harness(): Plugin {
  return {
    name: "beep-fake",
    configureServer(server) {
      server.middlewares.use((request, _response, next) => {
        const path = request.url?.split("?")[0] ?? "/";
        const isRoute = !path.includes(".") && !path.startsWith("/@") && !path.startsWith("/src");
        if (isRoute) request.url = "/fake.html";
        next();
      });
    },
  };
}

/** The views on an in-memory application (tests/fake-app.ts), for looking at them: `npx vite -c vite.fake.config.ts`. */
export default mergeConfig(
  base,
  defineConfig({
    plugins: [harness()],
    server: { port: 5199 },
  }),
);
