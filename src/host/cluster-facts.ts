import { parse, stringify } from 'yaml'
import { WherryError } from '#lib/errors.ts'
import type { Config } from './config.ts'

/** The ConfigMap by which a machine that joins learns what holds in the whole cluster; the server writes it at its start. */
export const clusterFactsPlace = { namespace: 'kube-system', name: 'wherry-cluster' } as const

/** The settings that are the cluster's and not a machine's: all nodes have them alike. */
const clusterSettings = [
  'podCIDR',
  'podNetwork',
  'serviceCIDR',
  'nodePortRange',
  'dnsAddress',
  'clusterDomain',
  'nodePortAddresses',
  'externalIPs',
  'serviceHealthPort',
] as const satisfies readonly (keyof Config)[]

/** They, of a configuration. */
export type ClusterFacts = Partial<Pick<Config, (typeof clusterSettings)[number]>>

/** The ConfigMap's data: one key, which reads as the configuration file does. */
export const clusterFactsData = (config: Config): Readonly<Record<string, string>> => ({
  [key]: stringify(Object.fromEntries(clusterSettings.map((name) => [name, config[name]]).filter(([, value]) => value !== undefined))),
})

/** The facts that ConfigMap data holds. What a newer server says beside those that are known here is left out. Throws `Invalid`. */
export function readClusterFacts(data: Readonly<Record<string, string>> = {}): ClusterFacts {
  const { namespace, name } = clusterFactsPlace
  const settings: unknown = parse(data[key] ?? '', { maxAliasCount: 0 })
  if (typeof settings !== 'object' || settings === null)
    throw new WherryError('Invalid', `ConfigMap ${namespace}/${name} has no settings under ${key}; the server writes it at its start`)
  return Object.fromEntries(Object.entries(settings).filter(([setting]) => (clusterSettings as readonly string[]).includes(setting)))
}

const key = 'config.yaml'
