import type { AnyPlugin } from '../framework/plugin.ts'
import { type Profile, profileHaving } from '../framework/profile.ts'
import { type PluginMeans, registry } from '../plugins/registry.ts'
import type { Extender, PluginSet, PointName } from './configuration.ts'
import type { SchedulerSettings } from './read-scheduler-configuration.ts'

/** The profiles that a configuration describes: the defaults with what it puts on, takes off and sets otherwise. */
export const profilesOf = ({ profiles, percentageOfNodesToScore, extenders }: SchedulerSettings, means: PluginMeans): readonly Profile[] =>
  profiles.map((profile) => compose({ ...profile, args: withIgnored(profile.args, extenders) }, percentageOfNodesToScore, means))

/** Resources that an extender alone looks after are none of NodeResourcesFit's business. */
function withIgnored(args: Readonly<Record<string, unknown>>, extenders: readonly Extender[]): Readonly<Record<string, unknown>> {
  const ignored = extenders.flatMap(({ managedResources = [] }) =>
    managedResources.filter(({ ignoredByScheduler }) => ignoredByScheduler).map(({ name }) => name),
  )
  if (ignored.length === 0) return args
  const fit = args['NodeResourcesFit'] as { readonly ignoredResources?: readonly string[] } | undefined
  return { ...args, NodeResourcesFit: { ...fit, ignoredResources: [...(fit?.ignoredResources ?? []), ...ignored] } }
}

interface Enabled {
  readonly name: string
  readonly weight?: number | undefined
}

function compose(
  { schedulerName, plugins = {}, args, percentageOfNodesToScore }: SchedulerSettings['profiles'][number],
  percentageOfAll: number,
  means: PluginMeans,
): Profile {
  const created = new Map<string, AnyPlugin>()
  const pluginOf = (name: string): AnyPlugin | undefined => {
    let plugin = created.get(name)
    if (plugin === undefined) {
      plugin = registry.find((one) => one.name === name)?.create(args[name] ?? {}, means)
      if (plugin !== undefined) created.set(name, plugin)
    }
    return plugin
  }
  const everywhere = merged(registry, plugins.multiPoint ?? {})
  const at = (
    point: Exclude<PointName, 'multiPoint' | 'queueSort' | 'bind' | 'placementGenerate' | 'placementScore'>,
  ): readonly Enabled[] => atPoint(everywhere, plugins[point] ?? {}).filter(({ name }) => pluginOf(name)?.[point] !== undefined)
  return profileHaving(
    {
      schedulerName,
      // A weight of 0 is one that was not said.
      score: at('score').map(({ name, weight }) => ({ plugin: pluginOf(name)!, weight: weight || 1 })),
      percentageOfNodesToScore: percentageOfNodesToScore ?? percentageOfAll,
    },
    (point) => at(point).map(({ name }) => pluginOf(name)!),
  )
}

/** The defaults without what is taken off, each replaced where it is named again, then what is new (kube-scheduler mergePluginSet). */
function merged(defaults: readonly Enabled[], { enabled = [], disabled = [] }: PluginSet): readonly Enabled[] {
  const off = new Set(disabled.map(({ name }) => name))
  const kept = off.has('*') ? [] : defaults.filter(({ name }) => !off.has(name))
  const named = new Map(enabled.map((one) => [one.name, one]))
  const keptNames = new Set(kept.map(({ name }) => name))
  return [...kept.map((one) => named.get(one.name) ?? one), ...enabled.filter(({ name }) => !keptNames.has(name))]
}

/**
 * What holds everywhere, at one extension point: first what is named both there and everywhere, in its order there, then the rest of what holds
 * everywhere, then the rest of what is named there (framework runtime, expandMultiPointPlugins).
 */
function atPoint(everywhere: readonly Enabled[], { enabled = [], disabled = [] }: PluginSet): readonly Enabled[] {
  const off = new Set(disabled.map(({ name }) => name))
  const general = new Map((off.has('*') ? [] : everywhere.filter(({ name }) => !off.has(name))).map((one) => [one.name, one]))
  const own = new Map(enabled.map((one) => [one.name, one]))
  const again = enabled
    .filter(({ name }) => general.has(name))
    .map((one) => ({ name: one.name, weight: one.weight ?? general.get(one.name)!.weight }))
  return [...again, ...[...general.values()].filter(({ name }) => !own.has(name)), ...enabled.filter(({ name }) => !general.has(name))]
}
