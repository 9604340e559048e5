-- What an operator sets moves the catalog; of what a tick finds out only that which changes where calls go.
CREATE TRIGGER routing_bump AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON routing_datacentre
    FOR EACH STATEMENT EXECUTE FUNCTION routing_bump_catalog();
CREATE TRIGGER routing_bump AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON routing_hosting
    FOR EACH STATEMENT EXECUTE FUNCTION routing_bump_catalog();
CREATE TRIGGER routing_bump AFTER INSERT OR DELETE ON routing_sitestate
    FOR EACH STATEMENT EXECUTE FUNCTION routing_bump_catalog();
CREATE TRIGGER routing_bump_moved AFTER UPDATE ON routing_sitestate
    FOR EACH ROW WHEN (OLD.drained IS DISTINCT FROM NEW.drained) EXECUTE FUNCTION routing_bump_catalog();
CREATE TRIGGER routing_bump AFTER INSERT OR DELETE ON routing_preference
    FOR EACH STATEMENT EXECUTE FUNCTION routing_bump_catalog();
CREATE TRIGGER routing_bump_moved AFTER UPDATE ON routing_preference
    FOR EACH ROW WHEN (OLD.endpoint_id IS DISTINCT FROM NEW.endpoint_id)
    EXECUTE FUNCTION routing_bump_catalog();

-- A price that a market published is evidence of what calls cost.
CREATE FUNCTION routing_published_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is never changed: it is what a market published', TG_TABLE_NAME USING ERRCODE = 'P0001';
END $$;
CREATE TRIGGER routing_published_once BEFORE UPDATE ON routing_gridprice
    FOR EACH STATEMENT EXECUTE FUNCTION routing_published_once();

DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'cloudapi_gateway') THEN
        GRANT SELECT ON routing_datacentre, routing_hosting, routing_sitestate, routing_preference
            TO cloudapi_gateway;
    END IF;
END $$;
