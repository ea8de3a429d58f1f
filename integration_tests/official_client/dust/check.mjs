// Runs Dust's official client against the sandbox: node check.mjs BASE_URL
//
// The client has methods for spaces, data sources and tokenization; everything else goes through
// its request(). Replies are checked with the schemas the client exports, and with those of
// documents, tables and rows it only ships as source, restated below.

import assert from "node:assert/strict";
import dust from "@dust-tt/client";
import { z } from "zod";

const url = process.argv[2];
const space = "vlt_sandbox1";
const base = `spaces/${space}/data_sources/dts_sandbox1`;
const silent = { error() {}, info() {}, trace() {}, warn() {} };
const clientOf = (apiKey) =>
  new dust.DustAPI({ url }, { workspaceId: "W123456789", apiKey }, silent);
const client = clientOf("sk-5a4d0b0c1234");

// Restated from the client's src/types.ts, which does not export them.

const Chunk = z.object({
  text: z.string(),
  hash: z.string(),
  offset: z.number(),
  vector: z.array(z.number()).nullable().optional(),
  score: z.number().nullable().optional(),
});
const Document = z.object({
  data_source_id: z.string(),
  created: z.number(),
  document_id: z.string(),
  timestamp: z.number(),
  parent_id: z.string().nullable().optional(),
  tags: z.array(z.string()),
  source_url: z.string().nullable().optional(),
  hash: z.string(),
  text_size: z.number(),
  chunk_count: z.number(),
  chunks: z.array(Chunk),
  text: z.string().nullable().optional(),
});
const LightDocument = z.object({
  hash: z.string(),
  text_size: z.number(),
  chunk_count: z.number(),
  token_count: z.number(),
  created: z.number(),
});
const Schema = z.array(
  z.object({
    name: z.string(),
    value_type: z.enum(["int", "float", "text", "bool", "datetime"]),
    possible_values: z.array(z.string()).nullable().optional(),
  })
);
const Table = z.object({
  table_id: z.string(),
  name: z.string(),
  description: z.string(),
  schema: Schema.nullable(),
  timestamp: z.number(),
  tags: z.array(z.string()),
  parents: z.array(z.string()),
  parent_id: z.string().nullable().optional(),
  mime_type: z.string().optional(),
  title: z.string().optional(),
});
const Row = z.object({
  row_id: z.string(),
  value: z.record(
    z.union([
      z.number(),
      z.string(),
      z.boolean(),
      z.object({
        type: z.literal("datetime"),
        epoch: z.number(),
        string_value: z.string().optional(),
      }),
      z.null(),
    ])
  ),
});
const DataSource = dust.GetDataSourcesResponseSchema.shape.data_sources.element;

// One request through the client; the body must fit the client's request schema if one is given.

async function call(method, path, { body, query, schema, api = client } = {}) {
  if (schema) {
    schema.parse(body);
  }
  query = query && new URLSearchParams(query);
  const sent = await api.request({ method, path, body, query });
  assert.ok(sent.isOk());
  const { status, body: text } = sent.value.response;
  return { status, text, json: () => JSON.parse(text) };
}

async function ok(method, path, replySchema, options) {
  const reply = await call(method, path, options);
  assert.equal(reply.status, 200, reply.text);
  return replySchema.parse(reply.json());
}

async function fails(status, type, method, path, options) {
  const reply = await call(method, path, options);
  assert.equal(reply.status, status, reply.text);
  assert.equal(dust.APIErrorSchema.parse(reply.json().error).type, type);
}

const checks = {
  async "spaces and data sources by the client's methods"() {
    const spaces = await client.getSpaces();
    assert.ok(spaces.isOk(), spaces.error?.message);
    assert.deepEqual(spaces.value.map((one) => one.sId), [space, "vlt_global01"]);
    const sources = await client.getDataSources();
    assert.ok(sources.isOk(), sources.error?.message);
    assert.deepEqual(sources.value.map((one) => one.sId), ["dts_global01"]);
    await ok("GET", `spaces/${space}/data_sources`, dust.GetDataSourcesResponseSchema);
  },

  async "tokenization by the client's method"() {
    const tokens = await client.tokenize("one two three", "dts_global01");
    assert.ok(tokens.isOk(), tokens.error?.message);
    assert.equal(tokens.value.map(([, text]) => text).join(""), "one two three");
  },

  async "errors as the client understands them"() {
    const refused = await clientOf("sk-0123456789").getSpaces();
    assert.ok(refused.isErr());
    assert.equal(refused.error.type, "invalid_api_key_error");
    const missing = await client.tokenize("x", "dts_none");
    assert.equal(missing.error.type, "data_source_not_found");
  },

  async "documents"() {
    const path = `${base}/documents/${encodeURIComponent("a/b é")}`;
    const schema = dust.PostDataSourceDocumentRequestSchema;
    const body = {
      title: "t",
      text: "x",
      tags: ["k:v"],
      timestamp: 1700000000000,
      source_url: "https://example.com/a",
      mime_type: "text/plain",
    };
    const Full = z.object({ document: Document, data_source: DataSource });
    const full = await ok("POST", path, Full, { body, schema });
    assert.deepEqual(full.document.tags, ["k:v", "title:t"]);
    const Light = z.object({ document: LightDocument, data_source: DataSource });
    await ok("POST", path, Light, { body: { ...body, light_document_output: true }, schema });
    const Queued = z.object({ document: z.object({ document_id: z.string() }) }).strict();
    await ok("POST", path, Queued, { body: { ...body, async: true }, schema });
    const one = await ok("GET", path, z.object({ document: Document }));
    assert.equal(one.document.document_id, "a/b é");
    assert.equal(one.document.text, "x");
    const Page = z.object({ documents: z.array(Document), total: z.number() });
    const query = [["limit", "1"], ["document_ids", "a/b é"], ["document_ids", "none"]];
    const page = await ok("GET", `${base}/documents`, Page, { query });
    assert.equal(page.documents.length, 1);
    await fails(400, "invalid_request_error", "POST", path, { body: { text: 1 } });
    await ok("DELETE", path, z.object({ document: z.object({ document_id: z.string() }) }));
    await fails(400, "data_source_error", "GET", path);
  },

  async "tables"() {
    const schema = dust.UpsertDatabaseTableRequestSchema;
    const body = { table_id: "T", name: "n", title: "t", description: "d" };
    await ok("POST", `${base}/tables`, z.object({ table: Table }), { body, schema });
    await ok("GET", `${base}/tables`, z.object({ tables: z.array(Table) }));
    const one = await ok("GET", `${base}/tables/T`, z.object({ table: Table }));
    assert.equal(one.table.schema, null);
    await fails(404, "table_not_found", "GET", `${base}/tables/none`);
    const clash = { ...body, table_id: "U" };
    await fails(500, "internal_server_error", "POST", `${base}/tables`, { body: clash, schema });
  },

  async "rows"() {
    const path = `${base}/tables/T/rows`;
    const schema = dust.UpsertTableRowsRequestSchema;
    const value = {
      int: 1,
      float: 1.5,
      text: "x",
      bool: true,
      date: { type: "datetime", epoch: 1700000000000 },
      nothing: null,
    };
    const body = { rows: [{ row_id: "1", value }, { row_id: "2", value }], truncate: false };
    const Upserted = z.object({
      table: z.object({
        name: z.string(),
        table_id: z.string(),
        description: z.string(),
        schema: Schema.nullable(),
      }),
    });
    await ok("POST", path, Upserted, { body, schema });
    const Page = z.object({
      rows: z.array(Row),
      offset: z.number(),
      limit: z.number(),
      total: z.number(),
    });
    const page = await ok("GET", path, Page, { query: [["limit", "1"]] });
    assert.equal(page.total, 2);
    const one = await ok("GET", `${path}/1`, z.object({ row: Row }));
    assert.equal(one.row.value.date.epoch, 1700000000000);
    await ok("GET", `${base}/tables/T`, z.object({ table: Table.extend({ schema: Schema }) }));
    const bad = { rows: [{ row_id: "1", value: { "A b": 1 } }] };
    await fails(400, "invalid_request_error", "POST", path, { body: bad, schema });
    await ok("DELETE", `${path}/1`, z.object({ success: z.literal(true) }));
    await fails(500, "internal_server_error", "GET", `${path}/1`);
    assert.equal((await call("DELETE", `${base}/tables/T`)).status, 200);
  },

  async "refusals"() {
    const reader = clientOf("sk-0ead0000cafe");
    const body = { text: "x" };
    const path = `${base}/documents/a`;
    await fails(403, "data_source_auth_error", "POST", path, { body, api: reader });
    const managed = `spaces/${space}/data_sources/dts_managed1/documents/a`;
    await fails(403, "data_source_auth_error", "POST", managed, { body });
    const folder = await client.upsertFolder({
      dataSourceId: "dts_global01",
      folderId: "f",
      timestamp: 1,
      title: "f",
      parentId: null,
      parents: ["f"],
      mimeType: "application/vnd.dust.folder",
    });
    assert.equal(folder.error.type, "invalid_oauth_token_error");
    const hyphen = base.replace("data_sources", "data-sources");
    const reply = await call("GET", `${hyphen}/documents`);
    assert.deepEqual([reply.status, reply.text], [404, "404 Not Found"]);
  },
};

let failed = 0;
for (const [name, check] of Object.entries(checks)) {
  try {
    await check();
    console.log(`ok: ${name}`);
  } catch (error) {
    failed += 1;
    console.log(`FAILED: ${name}: ${error.stack}`);
  }
}
process.exit(failed === 0 ? 0 : 1);
