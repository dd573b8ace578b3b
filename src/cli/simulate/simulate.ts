import { durationMs } from '#lib/duration.ts'
import { WherryError } from '#lib/errors.ts'
import { isQuantity, quantityToMilli, quantityToNumber } from '#lib/quantity.ts'
import { type Command, exit, type Given, type SimulationRequest } from '../command.ts'
import { type FaultName, faultNames, faultTexts } from './fault-texts.ts'
import { readManifestTexts } from './read-manifests.ts'

export const simulate: Command = {
  name: 'simulate',
  summary: 'Tell what would become of manifests when things go wrong, without running anything',
  usage: '-f PATH… [options]',
  options: {
    filename: {
      type: 'string',
      short: 'f',
      multiple: true,
      value: 'PATH',
      help: 'a file, a folder with all in it, or - for standard input',
    },
    nodes: { type: 'string', default: '3', value: 'N', help: 'how many nodes (default 3, at most 100)' },
    zones: { type: 'string', default: '1', value: 'N', help: 'zones that the nodes are spread over (default 1: none)' },
    'node-cpu': { type: 'string', default: '4', value: 'QUANTITY', help: 'processors of each node (default 4)' },
    'node-memory': { type: 'string', default: '8Gi', value: 'QUANTITY', help: 'memory of each node (default 8Gi)' },
    faults: { type: 'string', multiple: true, value: 'LIST', help: 'what goes wrong, one after another (default: nothing); below' },
    for: { type: 'string', default: '1h', value: 'DURATION', help: 'how long the cluster lives: 10m, 24h (default 1h, at most 168h)' },
    image: {
      type: 'string',
      multiple: true,
      value: 'NAME,…',
      help: 'what containers of an image do: exit-after=30s, exit-code=1, ready-after=20s, stop-after=5s, start-error=TEXT, pull-time=1m, pull-error=TEXT',
    },
    'jobs-take': { type: 'string', default: '30s', value: 'DURATION', help: 'how long containers of Jobs run (default 30s)' },
    namespace: { type: 'string', short: 'n', default: 'default', value: 'NAME', help: 'of objects that name none (default: default)' },
    seed: { type: 'string', default: '1', value: 'N', help: 'another number is another life of the same cluster (default 1)' },
    json: { type: 'boolean', help: 'as JSON: ok, timeline, workloads, limits, problems' },
  },
  about: [
    'A real API server, the real controllers, scheduler and kubelets live with your manifests in virtual time, in this process: an hour takes ' +
      'seconds, and needs neither root nor containers nor a network. The same words and the same seed give the same result.',
    '',
    'Faults:',
    ...faultNames.map((name) => `  ${name.padEnd(Math.max(...faultNames.map(({ length }) => length)))}  ${faultTexts[name]}`),
    '',
    'The first begins after a sixth of the time, at most ten minutes. Each has its share of the rest: half of it to last, half for what follows.',
    'Containers run until they are stopped and answer their probes; those of Jobs, and of pods that are not to be started again, end well after ' +
      '--jobs-take, init containers after a second. --image says otherwise of an image, annotations of a pod (or its template): ' +
      'simulate.wherry.dev/exit-after, exit-code, ready-after, stop-after, start-error.',
    'Exits with 0 when in the end everything is as wished, with 1 when something is not or was refused.',
  ].join('\n'),
  async run({ options, programs }, terminal) {
    const result = await programs.simulate(requestOf(options))
    if (options['json']) terminal.out(`${JSON.stringify(result.report, undefined, 2)}\n`)
    else (result.refused ? terminal.error : terminal.out)(result.text)
    return result.ok ? exit.done : exit.failed
  },
}

type Words = Given['options']

function requestOf(words: Words): SimulationRequest {
  const paths = listOf(words['filename'])
  if (paths.length === 0)
    throw new WherryError('BadRequest', '-f PATH is missing: a file or folder with manifests, or - for standard input')
  const nodes = wholeNumber(words, 'nodes', 1, 100)
  return {
    nodes,
    zones: wholeNumber(words, 'zones', 1, nodes),
    cpuCount: quantity(words, 'node-cpu', 'a number of processors such as 4 or 500m', (text) => quantityToMilli(text) / 1000),
    memoryBytes: quantity(words, 'node-memory', 'an amount such as 8Gi', quantityToNumber),
    faults: [...new Set(listOf(words['faults']).flatMap((list) => list.split(',').map((name) => faultNamed(name.trim()))))],
    forMs: duration(words, 'for', 1_000, 168 * 3_600_000),
    taskMs: duration(words, 'jobs-take', 0, 168 * 3_600_000),
    images: listOf(words['image']).map(imageOf),
    seed: wholeNumber(words, 'seed', 0, 2 ** 32 - 1),
    namespace: String(words['namespace']),
    // Last: everything else is told without waiting for standard input.
    manifests: readManifestTexts(paths),
  }
}

const listOf = (value: Words[string]): readonly string[] => (typeof value === 'object' ? value : [])

function faultNamed(name: string): FaultName {
  const found = faultNames.find((one) => one === name)
  if (found === undefined) throw new WherryError('BadRequest', `--faults has "${name}"; there are ${faultNames.join(', ')}`)
  return found
}

/** `nginx:1.7.9,exit-after=30s,exit-code=1`. */
function imageOf(text: string): SimulationRequest['images'][number] {
  const [name, ...pairs] = text.split(',').map((part) => part.trim())
  const settings = pairs.map((pair) => {
    const at = pair.indexOf('=')
    return [at < 0 ? pair : pair.slice(0, at), at < 0 ? '' : pair.slice(at + 1)] as const
  })
  if (!name || settings.length === 0)
    throw new WherryError('BadRequest', `--image must be an image and what its containers do, such as shop:2,exit-after=30s, not "${text}"`)
  return { name, settings }
}

function wholeNumber(words: Words, name: string, least: number, most: number): number {
  const text = String(words[name])
  const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN
  if (value >= least && value <= most) return value
  throw new WherryError('BadRequest', `--${name} must be a whole number from ${least} to ${most}, not "${text}"`)
}

function quantity(words: Words, name: string, wanted: string, read: (text: string) => number): number {
  const text = String(words[name])
  if (isQuantity(text) && read(text) > 0) return read(text)
  throw new WherryError('BadRequest', `--${name} must be ${wanted}, not "${text}"`)
}

function duration(words: Words, name: string, leastMs: number, mostMs: number): number {
  const text = String(words[name])
  const ms = asDuration(text)
  if (ms !== undefined && ms >= leastMs && ms <= mostMs) return ms
  throw new WherryError(
    'BadRequest',
    `--${name} must be a duration such as 90s, 10m or 1h30m${mostMs < Infinity ? `, at most ${mostMs / 3_600_000}h` : ''}, not "${text}"`,
  )
}

function asDuration(text: string): number | undefined {
  try {
    return durationMs(text)
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}
