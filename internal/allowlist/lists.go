package allowlist

// What the rules know by name. Everything else is refused, so each list says only what may be.

// extensions that a template may ask for: of PostgreSQL's own, those that it marks as trusted, less
// those that notify (tcn) or unlink large objects (lo); all run as the caller and reach nothing outside.
var extensions = set(`btree_gin btree_gist citext cube dict_int fuzzystrmatch hstore intarray isn ltree pg_trgm pgcrypto
	plpgsql seg tablefunc tsm_system_rows tsm_system_time unaccent uuid-ossp`)

// languages a function may be written in: those whose text can be read here.
var languages = set(`sql plpgsql`)

// settings that a file may choose with SET, as dumps do. The loader keeps its own time limits.
var settings = set(`bytea_output check_function_bodies client_encoding client_min_messages datestyle default_table_access_method
	default_tablespace default_with_oids escape_string_warning extra_float_digits idle_in_transaction_session_timeout
	idle_session_timeout intervalstyle lock_timeout row_security search_path standard_conforming_strings statement_timeout
	synchronize_seqscans timezone transaction_timeout xmloption`)

// readableSettings may be read by current_setting; so may any with a dot, which are of the template's own making.
var readableSettings = set(`block_size datestyle default_text_search_config intervalstyle is_superuser lc_monetary max_identifier_length
	max_index_keys role search_path server_encoding server_version server_version_num timezone`)

// storageOptions are those of WITH (...) behind tables, indexes and views.
var storageOptions = set(`autosummarize autovacuum_analyze_scale_factor autovacuum_analyze_threshold autovacuum_enabled
	autovacuum_freeze_max_age autovacuum_freeze_min_age autovacuum_freeze_table_age autovacuum_multixact_freeze_max_age
	autovacuum_multixact_freeze_min_age autovacuum_multixact_freeze_table_age autovacuum_vacuum_cost_delay
	autovacuum_vacuum_cost_limit autovacuum_vacuum_insert_scale_factor autovacuum_vacuum_insert_threshold
	autovacuum_vacuum_scale_factor autovacuum_vacuum_threshold buffering check_option deduplicate_items fastupdate fillfactor
	gin_pending_list_limit log_autovacuum_min_duration pages_per_range parallel_workers security_barrier security_invoker
	toast_tuple_target vacuum_index_cleanup vacuum_truncate`)

// classOptions are those of operator classes of PostgreSQL's own and the extensions above.
var classOptions = set(`false_positive_rate n_distinct_per_range numranges siglen values_per_range`)

// indexMethods are PostgreSQL's own.
var indexMethods = set(`btree hash gist spgist gin brin`)

// catalogs are the system's relations that a view or function may read: what they show is the
// structure of the database, which its users may read anyway, and statistics of what its reader may read.
var catalogs = set(`pg_aggregate pg_am pg_attrdef pg_attribute pg_cast pg_class pg_collation pg_constraint pg_conversion pg_depend
	pg_description pg_enum pg_extension pg_index pg_indexes pg_inherits pg_language pg_matviews pg_namespace pg_opclass pg_operator
	pg_opfamily pg_partitioned_table pg_policies pg_policy pg_proc pg_range pg_rewrite pg_rules pg_sequence pg_sequences
	pg_stat_user_indexes pg_stat_user_tables pg_statio_user_indexes pg_statio_user_tables pg_statistic_ext pg_stats pg_tables
	pg_timezone_abbrevs pg_timezone_names pg_trigger pg_ts_config pg_ts_dict pg_type pg_views`)

// shownInFiles may be read in a file besides: they show what others do and have, to those who may see it, which in a
// tenant's database the executor may.
var shownInFiles = set(`pg_locks pg_roles pg_settings pg_stat_activity pg_user`)

// hiddenSchemaViews of information_schema may hold passwords of other servers.
var hiddenSchemaViews = set(`foreign_data_wrapper_options foreign_server_options foreign_table_options user_mapping_options`)

// pgFunctions are the built-in functions that begin with pg_ and may be called: they tell what a thing is called, how
// large it is and how it was defined. No other name with pg_ in front is taken, of any version.
var pgFunctions = set(`pg_backend_pid pg_client_encoding pg_collation_for pg_column_size pg_current_snapshot pg_current_xact_id
	pg_current_xact_id_if_assigned pg_describe_object pg_encoding_to_char pg_event_trigger_ddl_commands
	pg_event_trigger_dropped_objects pg_function_is_visible pg_get_constraintdef pg_get_expr pg_get_function_arguments
	pg_get_function_identity_arguments pg_get_function_result pg_get_functiondef pg_get_indexdef pg_get_keywords pg_get_partkeydef
	pg_get_ruledef pg_get_serial_sequence pg_get_statisticsobjdef pg_get_triggerdef pg_get_userbyid pg_get_viewdef pg_has_role
	pg_identify_object pg_indexes_size pg_input_is_valid pg_is_in_recovery pg_my_temp_schema pg_partition_ancestors pg_partition_root
	pg_partition_tree pg_postmaster_start_time pg_relation_size pg_sequence_last_value pg_size_bytes pg_size_pretty
	pg_snapshot_xip pg_snapshot_xmax pg_snapshot_xmin pg_table_is_visible pg_table_size pg_total_relation_size pg_trigger_depth
	pg_type_is_visible pg_typeof pg_visible_in_snapshot pg_xact_status`)

// volatileFunctions are the built-in functions that change nothing but sequences and rows at hand, though they are volatile.
var volatileFunctions = set(`array_sample array_shuffle clock_timestamp current_query currval gen_random_uuid lastval nextval random
	random_normal suppress_redundant_updates_trigger timeofday tsvector_update_trigger tsvector_update_trigger_column txid_status
	uuidv4 uuidv7`)

// stableButRefused are built-in functions that PostgreSQL calls stable and that give away, or look into, more than they
// are given: whole tables turned to XML, and validators that compile code.
var stableButRefused = set(`database_to_xml database_to_xml_and_xmlschema database_to_xmlschema fmgr_c_validator fmgr_internal_validator
	fmgr_sql_validator schema_to_xml schema_to_xml_and_xmlschema schema_to_xmlschema table_to_xml table_to_xml_and_xmlschema
	table_to_xmlschema`)

// runText are functions of the extensions above that run the SQL they are given as text. They may be called with
// constant text only, which is checked in its turn.
var runText = set(`crosstab crosstab2 crosstab3 crosstab4 crosstabn crosstab_hash`)

// farFunctions and farSchemas are functions of extensions that a tenant may have and a template may not call: they reach other servers,
// files or programs, or run text. The list cannot be complete, see the package comment.
var (
	farFunctions = set(`connectby file_fdw_handler http http_delete http_get http_head http_patch http_post http_put http_set_curlopt
		lo_manage postgres_fdw_disconnect postgres_fdw_disconnect_all postgres_fdw_get_connections xpath_table xslt_process`)
	farPrefixes = []string{"dblink", "plpy_", "plv8_", "create_distributed", "run_command_on_"}
	farSchemas  = set(`aws_commons aws_lambda aws_s3 azure_ai azure_storage cron dblink google_ml http net partman pgagent pglogical
		pgq plproxy plv8 repmgr repack timescaledb_experimental topology`)
)

// swallows are conditions that no exception handler of PL/pgSQL may name: catching them keeps a statement running that was told to
// stop.
var swallows = set(`query_canceled 57014 operator_intervention 57000 admin_shutdown 57p01 crash_shutdown 57p02 idle_session_timeout 57p05
	transaction_timeout 25p04 database_dropped 57p04 cannot_connect_now 57p03 lock_not_available 55p03`)
