/* The tables of the image documents: names as in OCI image-spec 1.1 and Docker's image configuration. */
#include "spec/image.h"

const JsonField image_platform_fields[] = {
        JSON_FIELD("architecture", STRING, ImagePlatform, architecture, 0),
        JSON_FIELD("os", STRING, ImagePlatform, os, 0),
        JSON_FIELD("os.version", STRING, ImagePlatform, os_version, JSON_F_OMIT_EMPTY),
        JSON_FIELD("os.features", STRV, ImagePlatform, os_features, JSON_F_OMIT_EMPTY),
        JSON_FIELD("variant", STRING, ImagePlatform, variant, JSON_F_OMIT_EMPTY),
        JSON_END,
};

const JsonField image_descriptor_fields[] = {
        JSON_FIELD("mediaType", STRING, ImageDescriptor, media_type, JSON_F_REQUIRED),
        JSON_FIELD("digest", STRING, ImageDescriptor, digest, JSON_F_REQUIRED),
        JSON_RANGE("size", INT64, ImageDescriptor, size, JSON_F_REQUIRED, 0, INT64_MAX),
        JSON_FIELD("urls", STRV, ImageDescriptor, urls, JSON_F_OMIT_EMPTY),
        JSON_FIELD("annotations", STRMAP, ImageDescriptor, annotations, JSON_F_OMIT_EMPTY),
        JSON_FIELD("data", STRING, ImageDescriptor, data, JSON_F_OMIT_EMPTY),
        JSON_FIELD("artifactType", STRING, ImageDescriptor, artifact_type, JSON_F_OMIT_EMPTY),
        JSON_SUB("platform", OBJECT_PTR, ImageDescriptor, platform, JSON_F_OMIT_EMPTY, image_platform_fields, ImagePlatform),
        JSON_END,
};

const JsonField image_manifest_fields[] = {
        JSON_RANGE("schemaVersion", INT64, ImageManifest, schema_version, JSON_F_REQUIRED, 2, 2),
        JSON_FIELD("mediaType", STRING, ImageManifest, media_type, JSON_F_OMIT_EMPTY),
        JSON_FIELD("artifactType", STRING, ImageManifest, artifact_type, JSON_F_OMIT_EMPTY),
        JSON_SUB("config", OBJECT, ImageManifest, config, JSON_F_REQUIRED, image_descriptor_fields, ImageDescriptor),
        JSON_SUB("layers", OBJECT_ARRAY, ImageManifest, layers, JSON_F_REQUIRED, image_descriptor_fields, ImageDescriptor),
        JSON_SUB("subject", OBJECT_PTR, ImageManifest, subject, JSON_F_OMIT_EMPTY, image_descriptor_fields, ImageDescriptor),
        JSON_FIELD("annotations", STRMAP, ImageManifest, annotations, JSON_F_OMIT_EMPTY),
        JSON_END,
};

const JsonField image_index_fields[] = {
        JSON_RANGE("schemaVersion", INT64, ImageIndex, schema_version, JSON_F_REQUIRED, 2, 2),
        JSON_FIELD("mediaType", STRING, ImageIndex, media_type, JSON_F_OMIT_EMPTY),
        JSON_FIELD("artifactType", STRING, ImageIndex, artifact_type, JSON_F_OMIT_EMPTY),
        JSON_SUB("manifests", OBJECT_ARRAY, ImageIndex, manifests, JSON_F_REQUIRED, image_descriptor_fields, ImageDescriptor),
        JSON_SUB("subject", OBJECT_PTR, ImageIndex, subject, JSON_F_OMIT_EMPTY, image_descriptor_fields, ImageDescriptor),
        JSON_FIELD("annotations", STRMAP, ImageIndex, annotations, JSON_F_OMIT_EMPTY),
        JSON_END,
};

const JsonField image_healthcheck_fields[] = {
        JSON_FIELD("Test", STRV, ImageHealthcheck, test, JSON_F_OMIT_EMPTY),
        JSON_RANGE("Interval", INT64, ImageHealthcheck, interval, JSON_F_OMIT_EMPTY, 0, INT64_MAX),
        JSON_RANGE("Timeout", INT64, ImageHealthcheck, timeout, JSON_F_OMIT_EMPTY, 0, INT64_MAX),
        JSON_RANGE("StartPeriod", INT64, ImageHealthcheck, start_period, JSON_F_OMIT_EMPTY, 0, INT64_MAX),
        JSON_RANGE("StartInterval", INT64, ImageHealthcheck, start_interval, JSON_F_OMIT_EMPTY, 0, INT64_MAX),
        JSON_RANGE("Retries", INT64, ImageHealthcheck, retries, JSON_F_OMIT_EMPTY, 0, INT32_MAX),
        JSON_END,
};

const JsonField image_container_config_fields[] = {
        JSON_FIELD("Hostname", STRING, ImageContainerConfig, hostname, JSON_F_OMIT_EMPTY),
        JSON_FIELD("Domainname", STRING, ImageContainerConfig, domainname, JSON_F_OMIT_EMPTY),
        JSON_FIELD("User", STRING, ImageContainerConfig, user, JSON_F_OMIT_EMPTY),
        JSON_FIELD("ExposedPorts", RAW, ImageContainerConfig, exposed_ports, JSON_F_OMIT_EMPTY),
        JSON_FIELD("Env", STRV, ImageContainerConfig, env, JSON_F_OMIT_EMPTY),
        JSON_FIELD("Entrypoint", STRING_OR_STRV, ImageContainerConfig, entrypoint, JSON_F_OMIT_EMPTY),
        JSON_FIELD("Cmd", STRING_OR_STRV, ImageContainerConfig, cmd, JSON_F_OMIT_EMPTY),
        JSON_SUB("Healthcheck", OBJECT_PTR, ImageContainerConfig, healthcheck, JSON_F_OMIT_EMPTY, image_healthcheck_fields, ImageHealthcheck),
        JSON_FIELD("ArgsEscaped", BOOL, ImageContainerConfig, args_escaped, JSON_F_OMIT_EMPTY),
        JSON_FIELD("Volumes", RAW, ImageContainerConfig, volumes, JSON_F_OMIT_EMPTY),
        JSON_FIELD("WorkingDir", STRING, ImageContainerConfig, working_dir, JSON_F_OMIT_EMPTY),
        JSON_FIELD("Labels", STRMAP, ImageContainerConfig, labels, JSON_F_OMIT_EMPTY),
        JSON_FIELD("OnBuild", STRV, ImageContainerConfig, on_build, JSON_F_OMIT_EMPTY),
        JSON_FIELD("StopSignal", STRING, ImageContainerConfig, stop_signal, JSON_F_OMIT_EMPTY),
        JSON_RANGE("StopTimeout", OPT_INT64, ImageContainerConfig, stop_timeout, JSON_F_OMIT_EMPTY, -1, INT32_MAX),
        JSON_FIELD("Shell", STRING_OR_STRV, ImageContainerConfig, shell, JSON_F_OMIT_EMPTY),
        JSON_END,
};

const JsonField image_history_fields[] = {
        JSON_FIELD("created", STRING, ImageHistory, created, JSON_F_OMIT_EMPTY),
        JSON_FIELD("created_by", STRING, ImageHistory, created_by, JSON_F_OMIT_EMPTY),
        JSON_FIELD("author", STRING, ImageHistory, author, JSON_F_OMIT_EMPTY),
        JSON_FIELD("comment", STRING, ImageHistory, comment, JSON_F_OMIT_EMPTY),
        JSON_FIELD("empty_layer", BOOL, ImageHistory, empty_layer, JSON_F_OMIT_EMPTY),
        JSON_END,
};

static const char *const rootfs_types[] = { "layers", NULL };

static const JsonField rootfs_fields[] = {
        JSON_WORD("type", ImageRootfs, type, JSON_F_REQUIRED, rootfs_types),
        /* Docker writes null for an image without layers. */
        JSON_FIELD("diff_ids", STRV, ImageRootfs, diff_ids, 0),
        JSON_END,
};

const JsonField image_config_fields[] = {
        JSON_FIELD("architecture", STRING, ImageConfig, architecture, 0),
        JSON_FIELD("os", STRING, ImageConfig, os, 0),
        JSON_FIELD("variant", STRING, ImageConfig, variant, JSON_F_OMIT_EMPTY),
        JSON_FIELD("os.version", STRING, ImageConfig, os_version, JSON_F_OMIT_EMPTY),
        JSON_FIELD("os.features", STRV, ImageConfig, os_features, JSON_F_OMIT_EMPTY),
        JSON_FIELD("created", STRING, ImageConfig, created, JSON_F_OMIT_EMPTY),
        JSON_FIELD("author", STRING, ImageConfig, author, JSON_F_OMIT_EMPTY),
        JSON_FIELD("comment", STRING, ImageConfig, comment, JSON_F_OMIT_EMPTY),
        JSON_FIELD("docker_version", STRING, ImageConfig, docker_version, JSON_F_OMIT_EMPTY),
        JSON_SUB("config", OBJECT, ImageConfig, config, 0, image_container_config_fields, ImageContainerConfig),
        JSON_SUB("rootfs", OBJECT, ImageConfig, rootfs, JSON_F_REQUIRED, rootfs_fields, ImageRootfs),
        JSON_SUB("history", OBJECT_ARRAY, ImageConfig, history, JSON_F_OMIT_EMPTY, image_history_fields, ImageHistory),
        JSON_END,
};

const JsonField docker_archive_entry_fields[] = {
        JSON_FIELD("Config", STRING, DockerArchiveEntry, config, JSON_F_REQUIRED),
        JSON_FIELD("RepoTags", STRV, DockerArchiveEntry, repo_tags, JSON_F_NULL_EMPTY),
        JSON_FIELD("Layers", STRV, DockerArchiveEntry, layers, JSON_F_NULL_EMPTY),
        JSON_END,
};
