import { homedir } from 'node:os'
import { join } from 'node:path'
import type { ForegroundServer } from '#cli/command.ts'
import { warm } from '#cli/up/warm.ts'
import { processEnvironment, processFlags, processProgram } from '#host/node-process.ts'

/**
 * Turns this process into the server that `wherry server` asks for: the same one, so that signals and exit code are its own, but with the
 * options of Node that a server wants, which can only be given at its start.
 */
export async function becomeServer(options: ForegroundServer): Promise<void> {
  const cache = join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'wherry')
  const environment = {
    ...processEnvironment({ dataDirectory: options.dataDirectory, runDirectory: options.dataDirectory }),
    NODE_COMPILE_CACHE: cache,
  }
  await warm(cache, ['server'], environment)
  process.execve!(process.execPath, [process.execPath, ...processFlags('server'), processProgram('server')], {
    ...process.env,
    ...environment,
    // Not among the arguments: those are everybody's to read, and the token is among them.
    [variable]: JSON.stringify(options),
  })
}

const variable = 'WHERRY_FOREGROUND_SERVER'

/** What `becomeServer` was called with, in the process that it became. */
export function foregroundOptions(env: Readonly<Record<string, string | undefined>>): ForegroundServer | undefined {
  const text = env[variable]
  return text === undefined ? undefined : (JSON.parse(text) as ForegroundServer)
}
