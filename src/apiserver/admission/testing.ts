import assert from 'node:assert/strict'
import type { AnyKind, KubeObject } from '#api/kind.ts'
import { isError } from '#lib/errors.ts'
import type { Admission, AdmissionPlugin, Objects, UserInfo } from '../contract.ts'
import { concerns } from './chain.ts'

/** What of a write differs from an administrator's create. */
export interface AskedOptions {
  readonly operation?: Admission['operation']
  readonly subresource?: string
  readonly namespace?: string
  readonly previous?: object
  readonly dryRun?: boolean
  readonly user?: UserInfo
}

/** What a plug-in is asked, with all that it said on the way. */
export interface Asked extends Admission {
  readonly warnings: readonly string[]
  readonly annotations: ReadonlyMap<string, string>
}

/** A write on its way through admission: by default a create in namespace `d`. */
export function askedOf(objects: Objects, kind: AnyKind, object: object | undefined, options: AskedOptions = {}): Asked {
  const { operation = 'CREATE', subresource = '', namespace = kind.scope === 'Namespaced' ? 'd' : '', dryRun = false } = options
  const warnings: string[] = []
  const annotations = new Map<string, string>()
  const whole = (one: object | undefined): KubeObject | undefined =>
    one === undefined ? undefined : ({ ...one, metadata: { ...{ name: 'p' }, ...(one as KubeObject).metadata } } as KubeObject)
  return {
    attributes: {
      user: options.user ?? { name: 'u', groups: [] },
      verb: operation.toLowerCase(),
      isResource: true,
      path: '',
      group: kind.group,
      version: kind.version,
      resource: kind.plural,
      subresource,
      namespace,
      name: whole(object ?? options.previous)?.metadata.name ?? '',
    },
    operation,
    kind,
    object: whole(object),
    previous: whole(options.previous),
    options: {},
    dryRun,
    objects,
    warn: (message) => void warnings.push(message),
    annotate: (key, value) => void annotations.set(key, value),
    waited: () => {},
    reinvocation: { isAgain: false, ask: () => {}, memory: new Map() },
    warnings,
    annotations,
  }
}

/** Both rounds of one plug-in, as the chain would run them, if it asked this one. Returns the object as it came out. */
export async function runPlugin(plugin: AdmissionPlugin, asked: Admission): Promise<KubeObject | undefined> {
  if (!concerns(plugin, asked)) return asked.object
  const admitted = plugin.admit === undefined ? asked.object : await plugin.admit(asked)
  await plugin.validate?.({ ...asked, object: admitted })
  return admitted
}

/** That a write is refused, with `resource "p" is forbidden: ` before the reason. */
export const assertForbidden = (run: Promise<unknown>, why: string): Promise<void> =>
  assert.rejects(run, (error: Error) => {
    assert.ok(isError(error, 'Forbidden'), String(error))
    assert.equal(error.message.replace(/^\S+ (?:"[^"]*" )?is forbidden: /, ''), why)
    return true
  })
