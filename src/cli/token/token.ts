import { Secret } from '#api/core/v1/secret.ts'
import type { Client } from '#client/client.ts'
import { createClient } from '#client/http.ts'
import { systemClock } from '#host/clock.ts'
import { durationMs, formatDurationMs } from '#lib/duration.ts'
import { isError, WherryError } from '#lib/errors.ts'
import { type Command, exit, type Terminal } from '../command.ts'
import { connectTo } from '../connect-to.ts'
import { bootstrapTokenPlace, createBootstrapToken } from './bootstrap-token-secret.ts'
import { joinCommand } from './join-command.ts'

export const token: Command = {
  name: 'token',
  summary: 'Make, list or delete the tokens by which machines join',
  usage: 'create [--ttl 1h] [--print-join-command] | list [--json] | delete ID…',
  options: {
    ttl: {
      type: 'string',
      value: 'DURATION',
      default: '1h',
      help: 'how long it lives, such as 30m or 24h; 0: until it is deleted (default 1h)',
    },
    description: { type: 'string', value: 'TEXT', help: 'what it is for' },
    'print-join-command': { type: 'boolean', help: 'print the whole command for the machine that is to join' },
    json: { type: 'boolean', help: 'list as JSON' },
    kubeconfig: { type: 'string', value: 'FILE', help: 'ask the cluster of this kubeconfig, instead of this machine’s' },
  },
  arguments: [1, Infinity],
  about:
    'A token lets machines ask for a place in the cluster, as many as use it while it lives. It is of use for the minutes in which machines join, and ' +
    'stands in shell histories and process lists after that: so it lives for an hour unless you say otherwise. The list shows no secrets.',
  async run({ options, arguments: [action, ...rest], layout }, terminal) {
    const ttlMs = readTtl(options['ttl'] as string)
    if (!['create', 'list', 'delete'].includes(action!))
      throw new WherryError('BadRequest', `token can create, list and delete, not "${action}"`)
    if (action !== 'delete' && rest.length > 0) throw new WherryError('BadRequest', `token ${action} does not take "${rest[0]}"`)
    const way = connectTo(layout, options['kubeconfig'] as string | undefined)
    const client = createClient(way.transport, { fieldManager: 'wherry' })
    try {
      if (action === 'list') await list(client, terminal, options['json'] === true)
      else if (action === 'delete') await remove(client, terminal, rest)
      else {
        const description = options['description'] as string | undefined
        const made = await createBootstrapToken(client, { ttlMs, ...(description !== undefined && { description }) }, systemClock)
        terminal.out(`${options['print-join-command'] ? await joinCommand(client, made) : made}\n`)
      }
      return exit.done
    } finally {
      way.close()
    }
  },
}

function readTtl(text: string): number {
  const ms = /^0[a-z]*$/.test(text) ? Infinity : millisecondsOf(text)
  if (!(ms >= 1000))
    throw new WherryError(
      'BadRequest',
      `--ttl must be a duration of at least 1s, such as 30m or 24h, or 0 for one without end, not "${text}"`,
    )
  return ms
}

function millisecondsOf(text: string): number {
  try {
    return durationMs(text)
  } catch {
    // What is no duration is refused with the words of the option.
    return Number.NaN
  }
}

async function list(client: Client, terminal: Terminal, asJson: boolean): Promise<void> {
  const { items } = await client.list(Secret, {
    namespace: bootstrapTokenPlace.namespace,
    fieldSelector: `type=${bootstrapTokenPlace.type}`,
  })
  const tokens = items.map(({ data }) => {
    const value = (key: string): string => Buffer.from(data?.[key] ?? '', 'base64').toString()
    const usages = ['authentication', 'signing'].filter((usage) => value(`usage-bootstrap-${usage}`) === 'true')
    return {
      id: value('token-id'),
      expiration: value('expiration') || undefined,
      usages,
      groups: value('auth-extra-groups').split(',').filter(Boolean),
      description: value('description') || undefined,
    }
  })
  if (asJson) return terminal.out(`${JSON.stringify(tokens)}\n`)
  if (tokens.length === 0) return terminal.out('There are no tokens; "wherry token create" makes one.\n')
  for (const { id, expiration, usages, description } of tokens) {
    const ends = expiration === undefined ? 'never ends' : endsText(Date.parse(expiration) - systemClock.now())
    terminal.out(`${[id, ends, usages.join(','), description].filter(Boolean).join('  ')}\n`)
  }
}

const endsText = (leftMs: number): string => (leftMs > 0 ? `ends in ${formatDurationMs(Math.ceil(leftMs / 1000) * 1000)}` : 'has ended')

/** By its id; the whole token is understood as well. */
async function remove(client: Client, terminal: Terminal, words: readonly string[]): Promise<void> {
  if (words.length === 0) throw new WherryError('BadRequest', 'an id is missing: wherry token delete ID…')
  const { namespace, prefix } = bootstrapTokenPlace
  const ids = words.map((word) => word.split('.')[0]!)
  for (const id of ids)
    if (!/^[a-z0-9]{6}$/.test(id)) throw new WherryError('BadRequest', `"${id}" is no id of a token: six lower-case letters or digits`)
  for (const id of ids) {
    try {
      await client.delete(Secret, `${prefix}${id}`, { namespace })
      terminal.out(`Token ${id} is deleted.\n`)
    } catch (error) {
      if (isError(error, 'NotFound'))
        throw new WherryError('NotFound', `there is no token ${id}; "wherry token list" shows those that there are`, { cause: error })
      throw error
    }
  }
}
