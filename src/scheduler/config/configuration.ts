import { bool, bytes, duration, field, int32, int64, json, list, message, type Of, string } from '#schema/schema.ts'

/** A plug-in named at an extension point, with its weight in scores. */
const PluginEntry = message('kubescheduler.config.v1.Plugin', {
  name: field(1, string(), { always: true }),
  weight: field(2, int32(), { pointer: true }),
})

const PluginSet = message('kubescheduler.config.v1.PluginSet', {
  enabled: field(1, list(PluginEntry)),
  disabled: field(2, list(PluginEntry)),
})
/** What is put on and taken off at one extension point. */
export type PluginSet = Of<typeof PluginSet>

/** By extension point, `multiPoint` being all of them. The last two belong to a feature that is off in v1.36. */
const Plugins = message('kubescheduler.config.v1.Plugins', {
  preEnqueue: field(1, PluginSet),
  queueSort: field(2, PluginSet),
  preFilter: field(3, PluginSet),
  filter: field(4, PluginSet),
  postFilter: field(5, PluginSet),
  preScore: field(6, PluginSet),
  score: field(7, PluginSet),
  reserve: field(8, PluginSet),
  permit: field(9, PluginSet),
  preBind: field(10, PluginSet),
  bind: field(11, PluginSet),
  postBind: field(12, PluginSet),
  multiPoint: field(13, PluginSet),
  placementGenerate: field(14, PluginSet),
  placementScore: field(15, PluginSet),
})
/** An extension point at which plug-ins can be named. */
export type PointName = keyof Of<typeof Plugins>

const SchedulerProfile = message('kubescheduler.config.v1.KubeSchedulerProfile', {
  schedulerName: field(1, string(), { pointer: true }),
  percentageOfNodesToScore: field(2, int32(), { pointer: true }),
  plugins: field(3, Plugins, { pointer: true }),
  pluginConfig: field(
    4,
    list(
      message('kubescheduler.config.v1.PluginConfig', {
        name: field(1, string(), { always: true }),
        args: field(2, json(), { pointer: true }),
      }),
    ),
  ),
})
/** Pods that name this scheduler are placed by these rules. */
export type SchedulerProfile = Of<typeof SchedulerProfile>

const Extender = message('kubescheduler.config.v1.Extender', {
  urlPrefix: field(1, string(), { always: true }),
  filterVerb: field(2, string()),
  preemptVerb: field(3, string()),
  prioritizeVerb: field(4, string()),
  weight: field(5, int64()),
  bindVerb: field(6, string()),
  enableHTTPS: field(7, bool()),
  tlsConfig: field(
    8,
    message('kubescheduler.config.v1.ExtenderTLSConfig', {
      insecure: field(1, bool()),
      serverName: field(2, string()),
      certFile: field(3, string()),
      keyFile: field(4, string()),
      caFile: field(5, string()),
      certData: field(6, bytes()),
      keyData: field(7, bytes()),
      caData: field(8, bytes()),
    }),
    { pointer: true },
  ),
  httpTimeout: field(9, duration()),
  nodeCacheCapable: field(10, bool()),
  managedResources: field(
    11,
    list(
      message('kubescheduler.config.v1.ExtenderManagedResource', {
        name: field(1, string(), { always: true }),
        ignoredByScheduler: field(2, bool()),
      }),
    ),
  ),
  ignorable: field(12, bool()),
})
/** A server that takes away and ranks nodes beside the plug-ins. */
export type Extender = Of<typeof Extender>

/**
 * `KubeSchedulerConfiguration` of kubescheduler.config.k8s.io/v1, as data; no protobuf form exists, the numbers only order the fields. What
 * says how the reference's own process reaches the API server, elects a leader or is profiled is read and has no meaning here: ours runs
 * beside the API server.
 */
export const SchedulerConfiguration = message('kubescheduler.config.v1.KubeSchedulerConfiguration', {
  apiVersion: field(0, string()),
  kind: field(0, string()),
  parallelism: field(1, int32(), { pointer: true }),
  leaderElection: field(2, json(), { pointer: true }),
  clientConnection: field(3, json(), { pointer: true }),
  enableProfiling: field(4, bool(), { pointer: true }),
  enableContentionProfiling: field(5, bool(), { pointer: true }),
  percentageOfNodesToScore: field(6, int32(), { pointer: true }),
  podInitialBackoffSeconds: field(7, int64(), { pointer: true }),
  podMaxBackoffSeconds: field(8, int64(), { pointer: true }),
  profiles: field(9, list(SchedulerProfile)),
  extenders: field(10, list(Extender)),
  delayCacheUntilActive: field(11, bool()),
})
/** As it is written. */
export type SchedulerConfiguration = Of<typeof SchedulerConfiguration>
