import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { paths } from '#host/layout.ts'
import { WherryError } from '#lib/errors.ts'
import type { Command } from './command.ts'
import { layoutOf } from './node/layout-of.ts'

export const logs: Command = {
  name: 'logs',
  summary: 'Show what server, agent, containerd or the router logged',
  usage: '[options] server|agent|containerd|router',
  options: {
    follow: { type: 'boolean', short: 'f', help: 'go on as lines come' },
    node: { type: 'string', value: 'NAME', help: "whose agent or containerd, of this machine's nodes (default: the first)" },
    lines: { type: 'string', short: 'n', default: '100', value: 'N', help: 'how many lines of the past (default 100)' },
  },
  arguments: [1, 1],
  async run({ options, arguments: [which], layout }, terminal) {
    const { agentLog, containerdLog } = paths(layoutOf(layout, options['node']))
    const files: Readonly<Record<string, string>> = {
      server: paths(layout).serverLog,
      agent: agentLog,
      containerd: containerdLog,
      router: paths(layout).routerLog,
    }
    const file = files[which!]
    if (!file) throw new WherryError('BadRequest', `"${which}" has no log; there are server, agent, containerd and router`)
    if (!/^\d+$/.test(String(options['lines']))) throw new WherryError('BadRequest', `--lines must be a number, not "${options['lines']}"`)
    if (!existsSync(file)) throw new WherryError('ServiceUnavailable', `${file} does not exist: ${which} has not run on this machine`)
    const child = spawn('tail', ['-n', String(options['lines']), ...(options['follow'] ? ['-F'] : []), file], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    child.stdout.on('data', (bytes: Buffer) => terminal.out(bytes.toString()))
    return new Promise((resolve, reject) => {
      child.once('error', reject)
      child.once('close', (code) => resolve(code ?? 0))
    })
  },
}
