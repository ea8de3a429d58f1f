"""Documents: upsert, list, get, delete."""

from sandbox import dust_schema
from sandbox.dust_limits import SlidingWindow
from sandbox.dust_request import (
    UNSTORABLE, ApiError, bad_request, clean_timestamp, refuse_hierarchy, tag_title, utf16_length)
from sandbox.dust_store import Document, now_ms
from sandbox.dust_urls import standard_url
from sandbox.server import json_reply

MAX_TITLE = 512  # UTF-16 units
SYSTEM_TAG_PREFIX = "__DUST"


class DocumentRoutes:
    """The part of the API about documents; uses settings, store, windows and counters of Dust."""

    def upsert_document(self, request):
        body = request.body(dust_schema.DOCUMENT)
        source = request.find_source()
        if source.connector_id is not None:
            raise ApiError(403, "data_source_auth_error",
                           "You cannot upsert a document on a managed data source.")
        request.check_write()
        self.check_window(request.workspace)
        document = self.checked_document(request["id"], body)
        problem = self.document_problem(document, request)
        if body.get("async"):
            if problem is None:
                self.store.put_document(source.id, document)
            return json_reply({"document": {"document_id": document.id}})
        if problem is not None:
            raise ApiError(500, "internal_server_error",
                           "There was an error upserting the document.",
                           core=("internal_server_error", problem))
        self.store.put_document(source.id, document)
        light = body.get("light_document_output")
        return json_reply({
            "document": document.light() if light else document.full(source),
            "data_source": source.to_json()})

    def check_window(self, workspace):
        """120 upserts in any 60 s of a workspace; no Retry-After. Counted before field checks."""
        window = self.windows.setdefault(workspace.id, SlidingWindow())
        limit = self.settings.limit
        if not window.admit(limit, self.settings.minute):
            raise ApiError(
                429, "rate_limit_error",
                f"You have reached the maximum number of {limit} upserts per minute.")
        self.counters["upserts"] += 1

    def checked_document(self, document_id, body):
        """The document a body describes, after the field checks in the server's order."""
        source_url = None
        if body.get("source_url"):
            source_url = standard_url(body["source_url"])
            if source_url is None:
                raise bad_request(
                    "Invalid request body, `source_url` if provided must be a valid URL.")
        text = body.get("text")
        if text is None:
            if not body.get("section"):
                raise bad_request("Invalid request body, `text` or `section` must be provided.")
            text = section_text(body["section"])
        self.check_plan(text)
        refuse_hierarchy(body)
        title = body.get("title") or ""
        if utf16_length(title) > MAX_TITLE:
            raise bad_request(f"Invalid title: title too long (max {MAX_TITLE} characters).")
        tags = list(body.get("tags") or [])
        from_tag = tag_title(tags)
        title = title.strip() or from_tag or document_id
        # The title tag is added to the caller's list, so not when there was none; the queue of
        # async upserts gets its own list.
        if from_tag is None and (body.get("tags") is not None or body.get("async")):
            tags.append(f"title:{title}")
        mime_type = body.get("mime_type")
        return Document(
            id=document_id, text=text, title=title, tags=tags,
            timestamp=clean_timestamp(body.get("timestamp")), source_url=source_url,
            mime_type="application/octet-stream" if mime_type is None else mime_type,
            created=now_ms())

    def check_plan(self, text):
        """The size limit of the plan, in UTF-16 units."""
        megabytes = self.settings.plan_mb
        if megabytes == -1 or len(text) * 2 <= 1024 * 1024 * megabytes:
            return
        length = utf16_length(text)
        if length > 1024 * 1024 * megabytes:
            raise ApiError(
                403, "data_source_quota_error",
                f"Data sources document upload size is limited to {megabytes}MB on your current "
                f"plan. You are attempting to upload {length} bytes. "
                "Contact support@dust.tt if you want to increase it.")

    def document_problem(self, document, request):
        """Why core would refuse this document, or None."""
        if any(tag.startswith(SYSTEM_TAG_PREFIX) for tag in document.tags):
            return f"Failed to upsert document (error: Tags cannot start with {SYSTEM_TAG_PREFIX})"
        texts = [document.id]
        if request.has_suspect_text():
            texts += [document.text, document.title, *document.tags]
        if self.settings.strict_text and any(map(UNSTORABLE.search, texts)):
            return "Failed to upsert document (error: invalid text)"
        return None

    def list_documents(self, request):
        limit, offset = request.page()
        source = request.find_source()
        self.counters["lookups"] += 1
        found = self.store.list_documents(
            source.id, request.query().get("document_ids"), limit, offset)
        total = len(self.store.contents(source.id).documents)
        return json_reply({
            "documents": [document.full(source) for document in found],
            "total": max(0, total + self.settings.total_skew)})

    def get_document(self, request):
        source = request.find_source()
        self.counters["lookups"] += 1
        document = self.store.contents(source.id).documents.get(request["id"])
        if document is None:
            raise ApiError(
                400, "data_source_error",
                "There was an error retrieving the data source document.",
                core=("data_source_document_not_found",
                      f"No document found for id `{request['id']}`"))
        return json_reply({"document": document.full(source, text=True)})

    def delete_document(self, request):
        source = request.find_source()
        if source.connector_id is not None:
            raise ApiError(403, "data_source_auth_error",
                           "You cannot delete a document from a managed data source.")
        request.check_write()
        self.counters["deletes"] += 1
        self.store.delete_document(source.id, request["id"])
        return json_reply({"document": {"document_id": request["id"]}})


def section_text(section):
    """The full text of a document section."""
    parts = [section["prefix"] or "", section["content"] or ""]
    parts.extend(section_text(one) for one in section["sections"])
    return "".join(parts)
