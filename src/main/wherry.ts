/** The `wherry` command. */
import { enableCompileCache } from 'node:module'
import { layoutFrom } from '#host/layout.ts'
import { searchPath } from '#host/packages.ts'

enableCompileCache()
process.env['PATH'] = searchPath().join(':')
const { cli } = await import('#cli/cli.ts')
// Timers of the clock keep no process alive, and a command may wait for nothing else.
const alive = setInterval(() => {}, 2 ** 30)
process.exitCode = await cli({
  words: process.argv.slice(2),
  layout: layoutFrom(process.env),
  env: process.env,
  programs: {
    server: async (options) => (await import('./become-server.ts')).becomeServer(options),
    simulate: async (request) => (await import('./simulate.ts')).simulate(request),
  },
  terminal: {
    out: (text) => void process.stdout.write(text),
    error: (text) => void process.stderr.write(text),
    interactive: process.stdout.isTTY === true,
  },
})
clearInterval(alive)
