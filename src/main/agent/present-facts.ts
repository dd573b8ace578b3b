import { ConfigMap } from '#api/core/v1/config-map.ts'
import { same } from '#api/strategy.ts'
import type { Client } from '#client/client.ts'
import { clusterFactsPlace, readClusterFacts } from '#host/cluster-facts.ts'
import { type Config, checkConfig, writeConfig } from '#host/config.ts'
import type { Paths } from '#host/layout.ts'
import type { Log } from '#lib/log.ts'

/**
 * The configuration of a machine that joined, with what the cluster says of itself by now: written down where it is news, since the server may be
 * away at the next start. Where it is away now, or says what cannot be, the machine goes on with what it knew.
 */
export async function withPresentFacts(config: Config, where: Paths, client: Client, log: Log): Promise<Config> {
  try {
    const { data } = await client.get(ConfigMap, clusterFactsPlace.name, clusterFactsPlace.namespace)
    const next = checkConfig({ ...config, ...readClusterFacts(data) }, where.config)
    if (same(next, config)) return config
    writeConfig(where.config, next)
    log.info('the cluster has other settings than before; they are taken over')
    return next
  } catch (error) {
    log.warn('the settings of the cluster could not be read; the node begins with those that it knew', { error })
    return config
  }
}
