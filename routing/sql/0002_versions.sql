-- The catalog's version moves with every statement that can change it, whoever issues it. It comes from a
-- sequence, so that a number that was rolled back never comes again with other contents.
CREATE SEQUENCE routing_catalog_versions START 2;

CREATE FUNCTION routing_bump_catalog() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE routing_catalogversion SET version = nextval('routing_catalog_versions') WHERE id = 1;
    RETURN NULL;
END $$;

CREATE TRIGGER routing_bump AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON routing_provider
    FOR EACH STATEMENT EXECUTE FUNCTION routing_bump_catalog();
CREATE TRIGGER routing_bump AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON routing_model
    FOR EACH STATEMENT EXECUTE FUNCTION routing_bump_catalog();
CREATE TRIGGER routing_bump AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON routing_modelname
    FOR EACH STATEMENT EXECUTE FUNCTION routing_bump_catalog();
CREATE TRIGGER routing_bump AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON routing_endpoint
    FOR EACH STATEMENT EXECUTE FUNCTION routing_bump_catalog();
CREATE TRIGGER routing_bump AFTER INSERT ON routing_costversion
    FOR EACH STATEMENT EXECUTE FUNCTION routing_bump_catalog();

-- A price that somebody was charged stays readable for ever.
CREATE FUNCTION routing_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: add a new version instead', TG_TABLE_NAME USING ERRCODE = 'P0001';
END $$;

CREATE TRIGGER routing_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON routing_costversion
    FOR EACH STATEMENT EXECUTE FUNCTION routing_append_only();

-- The gateway's role reads the catalog and never writes it.
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'cloudapi_gateway') THEN
        GRANT SELECT ON routing_provider, routing_model, routing_modelname, routing_endpoint,
            routing_costversion, routing_catalogversion TO cloudapi_gateway;
    END IF;
END $$;
