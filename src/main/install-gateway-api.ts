import { CustomResourceDefinition } from '#api/apiextensions/v1/custom-resource-definition.ts'
import type { Objects } from '#apiserver/contract.ts'
import type { KindRegistry } from '#apiserver/kind-registry.ts'
import type { Client } from '#client/client.ts'
import { type BackoffOptions, backoff } from '#lib/backoff.ts'
import { type Clock, sleep } from '#lib/clock.ts'
import { isError } from '#lib/errors.ts'
import type { Log } from '#lib/log.ts'
import type { Random } from '#lib/random.ts'
import { definitionNames, gatewayDefinitions } from '#router/gateway/gateway-definitions.ts'
import { bundleVersion, bundleVersionAnnotation, className, controllerName } from '#router/gateway/names.ts'
import { GatewayClass } from '#router/gateway/types.ts'

/** A server's own means. */
export interface InstallGatewayApiOptions {
  readonly client: Client
  readonly objects: Objects
  readonly registry: Pick<KindRegistry, 'find' | 'observe'>
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly signal: AbortSignal
}

/**
 * Makes the definitions of the Gateway API that are missing, and the class that names our router. Where somebody installed another release, it stays
 * theirs: two releases side by side would contradict each other. What admission refuses is tried again, for as long as the server runs; resolves
 * when all is there or the signal aborts, and never rejects.
 */
export async function installGatewayApi(options: InstallGatewayApiOptions): Promise<void> {
  const { clock, random, log, signal } = options
  for (let tries = 0; !signal.aborted; tries += 1) {
    try {
      await makeDefinitions(options)
      await makeClass(options)
      return
    } catch (error) {
      const waitMs = Math.round(backoff(retries, tries, random))
      log.warn('the definitions of the Gateway API could not be made; trying again', { error, waitMs })
      await sleep(clock, waitMs, signal).catch(() => log.debug('the server stops before the Gateway API is there', {}))
    }
  }
}

/** As with the objects that every cluster has. */
const retries: BackoffOptions = { initialMs: 1_000, factor: 2, maxMs: 60_000, jitter: 0.1 }

async function makeDefinitions({ client, objects, log }: InstallGatewayApiOptions): Promise<void> {
  const present = definitionNames.map((name) => objects.get(CustomResourceDefinition, name)).filter((one) => one !== undefined)
  if (present.length === definitionNames.length) return
  const foreign = present.find(({ metadata }) => metadata.annotations?.[bundleVersionAnnotation] !== bundleVersion)
  if (foreign !== undefined) {
    const version = foreign.metadata.annotations?.[bundleVersionAnnotation] ?? 'none'
    log.info('definitions of the Gateway API of another release are there; none are added', { name: foreign.metadata.name, version })
    return
  }
  const there = new Set(present.map(({ metadata }) => metadata.name))
  for (const definition of await gatewayDefinitions()) {
    if (there.has(definition.metadata!.name!)) continue
    await client.create(CustomResourceDefinition, definition).catch(ignoreExisting)
  }
  log.info('made the definitions of the Gateway API', { version: bundleVersion })
}

async function makeClass({ client, objects, registry, signal }: InstallGatewayApiOptions): Promise<void> {
  const kind = await served(registry, signal)
  if (kind === undefined || objects.get(kind, className) !== undefined) return
  await client.create(GatewayClass, { metadata: { name: className }, spec: { controllerName } }).catch(ignoreExisting)
}

/** Resolves when the server serves classes; with undefined when the signal aborts before. */
function served(registry: InstallGatewayApiOptions['registry'], signal: AbortSignal) {
  const find = () => registry.find(GatewayClass.group, GatewayClass.version, GatewayClass.plural)
  return new Promise<ReturnType<typeof find>>((resolve) => {
    const look = (): void => {
      const kind = find()
      if (kind === undefined && !signal.aborted) return
      forget()
      signal.removeEventListener('abort', look)
      resolve(kind)
    }
    const forget = registry.observe(look)
    signal.addEventListener('abort', look)
    look()
  })
}

/** Another server was faster, and wants the same. */
function ignoreExisting(error: unknown): void {
  if (!isError(error, 'AlreadyExists')) throw error
}
