import { StatefulSet } from '#api/apps/v1/stateful-set.ts'
import { Pod } from '#api/core/v1/pod.ts'
import type { AnyKind } from '#api/kind.ts'
import { WherryError } from '#lib/errors.ts'
import type { Transport } from '#lib/http.ts'
import { type Command, exit } from '../command.ts'
import { connectTo } from '../connect-to.ts'
import { readSchedulers } from '../scheduler-profiles.ts'
import { describe } from './describe.ts'
import { explain } from './explain.ts'
import type { Explanation } from './explanation.ts'
import { type Asked, gather } from './gather.ts'
import { createReader, type Reader } from './reader.ts'
import { builtInKinds, kindNamed, parseTarget } from './target.ts'

export const why: Command = {
  name: 'why',
  summary: 'Tell what led to an object as it is, and why it is not as wished',
  usage: 'KIND/NAME [-n NAMESPACE] [--scores] [--kubeconfig FILE] [--json]',
  arguments: [1, 2],
  options: {
    namespace: { type: 'string', short: 'n', value: 'NAME', help: "where it is (default: default, or the kubeconfig's)" },
    kubeconfig: { type: 'string', value: 'FILE', help: "of another cluster, or another user (default: this machine's administrator)" },
    scores: { type: 'boolean', help: 'of a pod, also what each node that could take it is worth, by plug-in' },
    'scheduler-config': { type: 'string', value: 'FILE', help: "the scheduler's configuration (default: this server's, else none)" },
    json: { type: 'boolean', help: 'as JSON: object, state, isWell, steps, reasons, notes; scores if asked for' },
  },
  about: [
    'KIND is any name that kubectl knows it by: pod, deploy, pvc, your own kinds.',
    '',
    'First comes who wrote what and because of what, from somebody’s request down to the object: controllers, scheduler and kubelets say which version',
    'of which object they act on, and the server keeps that in memory for the latest writes. What it has forgotten, or a server of another make has',
    'never known, is told from owners and managed fields instead. Then what stands in the way: the scheduler’s reasons, quotas and refusals, images,',
    'crashes, probes, claims, finalizers, nodes. Exits with 0 when it is as wished, with 1 when it is not or is not there.',
  ].join('\n'),
  async run({ options, arguments: words, layout }, terminal) {
    const { kind, name } = parseTarget(words)
    const connection = connectTo(layout, options['kubeconfig'] as string | undefined)
    try {
      const namespace = (options['namespace'] as string | undefined) ?? connection.namespace
      const now = Date.now()
      const { profiles } = readSchedulers((options['scheduler-config'] as string | undefined) ?? connection.schedulerConfig)
      const asked = { now, profiles, withScores: options['scores'] === true }
      const explanation = await whyOf(connection.transport, { kind, name, namespace, ...asked })
      terminal.out(options['json'] ? `${JSON.stringify(explanation, undefined, 2)}\n` : describe(explanation, now))
      return explanation.isWell ? exit.done : exit.failed
    } finally {
      connection.close()
    }
  },
}

/** The explanation of one object, by any transport to an API server. Throws `NotFound` for a kind, and for an object of which there is no trace. */
export async function whyOf(
  transport: Transport,
  { kind: kindName, name, namespace, ...asked }: Asked & { readonly kind: string; readonly name: string; readonly namespace: string },
): Promise<Explanation> {
  const reader = createReader(transport)
  const kind = await findKind(reader, kindName)
  const explanation = explain(await gather(reader, kind, name, namespace, asked))
  const { object, steps, reasons } = explanation
  if (object.revision === undefined && steps.length === 0 && reasons.every(({ code }) => code === 'gone')) {
    const maker = kind === (Pod as AnyKind) ? await makerOf(reader, name, namespace) : undefined
    if (maker !== undefined) {
      const made = explain(await gather(reader, StatefulSet, maker, namespace, asked))
      return {
        ...made,
        isWell: false,
        notes: [`There is no pod ${name}: StatefulSet ${maker} is to make it, and that is told of here.`, ...made.notes],
      }
    }
    const place = kind.scope === 'Namespaced' ? ` in the namespace ${namespace}` : ''
    throw new WherryError('NotFound', `there is no ${kind.singular} "${name}"${place}, and nothing tells of one`)
  }
  return explanation
}

/** The StatefulSet that is to have a pod of this name: only of such pods the names are known before they are made. */
async function makerOf(reader: Reader, name: string, namespace: string): Promise<string | undefined> {
  const [, owner, ordinal] = /^(.+)-(\d{1,9})$/.exec(name) ?? []
  if (owner === undefined) return undefined
  const set = await reader.optional('statefulsets', () => reader.client.get(StatefulSet, owner, namespace), undefined)
  if (set === undefined) return undefined
  const first = set.spec.ordinals?.start ?? 0
  return Number(ordinal) >= first && Number(ordinal) < first + (set.spec.replicas ?? 1) ? owner : undefined
}

async function findKind(reader: Reader, name: string): Promise<AnyKind> {
  const kind = kindNamed(builtInKinds, name) ?? kindNamed(await reader.discover(), name)
  if (kind === undefined) throw new WherryError('NotFound', `the server serves no kind "${name}"`)
  return kind
}
