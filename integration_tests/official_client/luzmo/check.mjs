// Runs Luzmo's official client against the sandbox: node check.mjs BASE_URL KEY TOKEN
//
// Every method of the client, in the order of its own example where there is one. The client sends
// SEARCH, PATCH, DELETE, LINK and UNLINK with bodies, and each association of a create as a LINK.

import assert from "node:assert/strict";
import Luzmo from "@luzmo/nodejs-sdk";

const [, host, port] = process.argv[2].match(/^(http:\/\/[^:]+):(\d+)$/);
const [api_key, api_token] = process.argv.slice(3);
const clientOf = (options) => new Luzmo({ api_key, api_token, host, port, ...options });
const client = clientOf({});
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const TIMESTAMP = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
let dataset;

// The client rejects with the decoded body of the reply, not with an Error.

async function rejects(code, promise) {
  const body = await promise.then(
    (value) => assert.fail(`accepted: ${JSON.stringify(value)}`),
    (error) => error
  );
  assert.ok(!(body instanceof Error), body.message);
  assert.equal(body.code, code);
  assert.equal(body.type.code, code);
  assert.equal(typeof body.message, "string");
  return body;
}

const checks = {
  async "get"() {
    const found = await client.get("authorization", { where: { type: "api" } });
    assert.equal(found.count, 1);
    assert.equal(found.rows[0].type, "api");
    assert.deepEqual(await client.get("securable", {}), { count: 0, rows: [] });
  },

  async "a dataset is created, updated, given columns and rows"() {
    const name = { nl: "Burrito-statistieken", en: "Burrito statistics" };
    dataset = await client.create("securable", { type: "dataset", name });
    assert.match(dataset.id, UUID);
    assert.match(dataset.created_at, TIMESTAMP);
    const description = { nl: "Het aantal geconsumeerde burrito's per type" };
    const updated = await client.update("securable", dataset.id, { description });
    assert.deepEqual([updated.name, updated.description], [name, description]);
    const here = [{ role: "Securable", id: dataset.id }];
    await client.create(
      "column",
      { type: "hierarchy", format: "", informat: "hierarchy", order: 0, name: { nl: "Type" } },
      here
    );
    await client.create(
      "column",
      { type: "numeric", format: ",.0f", informat: "numeric", order: 1, name: { nl: "Gewicht" } },
      here
    );
    const data = [["sweet", 126], ["sour", 352]];
    const pushed = await client.create("data", { securable_id: dataset.id, data });
    assert.equal(pushed.count, 1);
    assert.equal(pushed.rows[0].rows, 2);
  },

  async "associations"() {
    const tag = await client.create("tag", { tag: "x" }, [{ role: "Securables", id: dataset.id }]);
    const find = {
      where: { type: "dataset" },
      attributes: ["id"],
      include: [
        { model: "Tag", where: { tag: "x" }, attributes: ["tag"], jointype: "inner" },
        { model: "Column", attributes: ["source_name", "order"], order: [["order", "asc"]] },
      ],
    };
    const found = await client.get("securable", find);
    assert.equal(found.count, 1);
    assert.equal(found.rows[0].tags[0].securablesTags.tag_id, tag.id);
    assert.deepEqual(found.rows[0].columns, [
      { source_name: "Type", order: 0 },
      { source_name: "Gewicht", order: 1 },
    ]);
    const there = { role: "Tags", id: tag.id };
    assert.equal((await client.dissociate("securable", dataset.id, there)).id, dataset.id);
    assert.equal((await client.get("securable", find)).count, 0);
    assert.equal((await client.associate("securable", dataset.id, there)).id, dataset.id);
    assert.equal((await client.get("securable", find)).count, 1);
  },

  async "a dataset is created by a push, replaced, and queried"() {
    const options = { update_metadata: true, header: ["Type", "Number"], name: { en: "Burritos" } };
    const data = [["sweet", 126], ["sour", 352]];
    const created = await client.create("data", { type: "create", data, options });
    const { id } = created.rows[0];
    await client.create("data", { type: "append", securable_id: id, data: [["é😀", 0.5]] });
    const sorted = [{ model: "Column", order: [["order", "asc"]] }];
    const find = { where: { id }, include: sorted };
    const row = (await client.get("securable", find)).rows[0];
    assert.equal(row.rows, 3);
    const columns = row.columns.map((one) => ({ dataset_id: id, column_id: one.id }));
    const order = [{ ...columns[1], order: "desc" }];
    const query = { dimensions: columns, options: { rollup_data: false }, order };
    const result = await client.query(query);
    assert.deepEqual(
      result.data.map(([type, number]) => [type.id, number]),
      [["sour", 352], ["sweet", 126], ["é😀", 0.5]]
    );
    assert.deepEqual(await client.get("data", query), result);
    await client.create("data", { type: "replace", securable_id: id, data: [["mild", 1]] });
    assert.equal((await client.query(query)).data.length, 1);
  },

  async "a column is updated"() {
    const { rows } = await client.get("column", { where: { source_name: "Number" } });
    const changed = await client.update("column", rows[0].id, { type: "hierarchy" });
    assert.equal(changed.type, "hierarchy");
  },

  async "validate and delete"() {
    assert.equal(await client.validate("tag", { tag: "y" }), true);
    const gone = await client.delete("securable", dataset.id);
    assert.equal(gone.length, 0); // an empty Buffer: the reply has no body
    assert.equal((await client.get("securable", { where: { id: dataset.id } })).count, 0);
  },

  async "rejections"() {
    await rejects(401, clientOf({ api_token: "other" }).get("securable", {}));
    await rejects(404, client.delete("securable", dataset.id));
    await rejects(404, client.create("data", { securable_id: dataset.id, data: [] }));
    await rejects(404, client.get("nothing", {}));
    await rejects(400, client.get("securable", { where: { nothing: 1 } }));
    await rejects(400, client.create("tag", { tag: "x" }));
    const refused = await rejects(400, client.create("column", { name: { en: "x" } }));
    assert.deepEqual(refused.validation, { order: ["is required"] });
    await rejects(404, clientOf({ api_version: "0.2.0" }).get("securable", {}));
  },
};

let failed = 0;
for (const [name, check] of Object.entries(checks)) {
  try {
    await check();
    console.log(`ok: ${name}`);
  } catch (error) {
    failed += 1;
    console.log(`FAILED: ${name}: ${error.stack ?? JSON.stringify(error)}`);
  }
}
process.exit(failed === 0 ? 0 : 1);
