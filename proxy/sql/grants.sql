-- What the gateway's login may do beside the money functions: read keys, projects and the catalog, and write
-- request rows through the one function that also settles. Sealed content is added by COPY; it can't be read,
-- changed or removed. Nothing else. Run after every migrate.
DO $$
BEGIN
    REVOKE EXECUTE ON FUNCTION record_batch(json), add_refusals(json), post_costs(uuid[]),
        claim_idempotency(bigint, text, bytea, uuid), drop_idempotency(bigint, text, uuid),
        open_videos(json), start_videos(json), end_videos(json) FROM PUBLIC;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'cloudapi_gateway') THEN
        RETURN;
    END IF;
    GRANT EXECUTE ON FUNCTION record_batch(json), add_refusals(json),
        claim_idempotency(bigint, text, bytea, uuid), drop_idempotency(bigint, text, uuid),
        open_videos(json), start_videos(json), end_videos(json) TO cloudapi_gateway;
    GRANT INSERT ON proxy_content TO cloudapi_gateway;
    GRANT SELECT ON accounts_apikey, accounts_logkey, accounts_project, accounts_organization,
        routing_provider, routing_model, routing_modelname, routing_endpoint, routing_costversion,
        routing_catalogversion TO cloudapi_gateway;
END $$;
