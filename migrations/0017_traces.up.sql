-- Which trace an event belongs to, as W3C Trace Context says it: its job goes on in that.
ALTER TABLE outbox ADD COLUMN traceparent text
  CONSTRAINT outbox_traceparent_form CHECK (traceparent ~ '^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$');
