// Reads posts with the official Ghost Content API client and prints what came back as JSON.
//   node content.mjs URL KEY SLUG
import { load } from "./packages.mjs";

const GhostContentAPI = load("@tryghost/content-api");

const [url, key, slug] = process.argv.slice(2);
const api = new GhostContentAPI({ url, key, version: "v5.0" });

async function failure(promise) {
  try {
    await promise;
    return null;
  } catch (error) {
    return { name: error.name, message: error.message, context: error.context };
  }
}

console.log(JSON.stringify({
  read: await api.posts.read({ slug }, { include: ["tags", "authors"], formats: ["html", "plaintext"] }),
  browse: await api.posts.browse({ limit: 1, filter: "tag:science+featured:false", fields: ["title", "url"] })
    .then((posts) => ({ posts: [...posts], meta: posts.meta })),
  tags: await api.tags.browse({ filter: "visibility:public", include: "count.posts", limit: "all" })
    .then((tags) => [...tags]),
  authors: await api.authors.browse().then((authors) => [...authors]),
  settings: await api.settings.browse(),
  missing: await failure(api.posts.read({ slug: "there-is-no-such-post" })),
  badFilter: await failure(api.posts.browse({ filter: "tag:" })),
  badKey: await failure(new GhostContentAPI({ url, key: "0".repeat(26), version: "v5.0" }).posts.browse()),
}));
