import { createServer } from 'node:net'
import { run } from './run.ts'

/**
 * Why a TCP port of this address cannot be listened to, for people: who has it, where the machine tells (`ss`). Undefined: it can, or those that have it
 * are ours.
 */
export async function portHolder(address: string, port: number, isOurs: (pid: number) => boolean): Promise<string | undefined> {
  const code = await refusalOf(address, port)
  if (code === undefined) return undefined
  if (code !== 'EADDRINUSE') return `${address}:${port} cannot be listened to (${code})`
  const holders = await processesOf(port)
  if (holders.length > 0 && holders.every(({ pid }) => isOurs(pid))) return undefined
  const names = holders.filter(({ pid }) => !isOurs(pid)).map(({ name, pid }) => `${name}, process ${pid}`)
  return `port ${port} of ${address} is in use by another program${names.length === 0 ? '' : ` (${[...new Set(names)].join('; ')})`}`
}

function refusalOf(address: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
    server.listen({ host: address, port, exclusive: true }, () => server.close(() => resolve(undefined)))
  })
}

async function processesOf(port: number): Promise<{ readonly name: string; readonly pid: number }[]> {
  try {
    const { stdout } = await run('ss', ['-Hltnp', `sport = :${port}`], { timeoutMs: 5_000 })
    return [...stdout.matchAll(/\("([^"]*)",pid=(\d+)/g)].map(([, name, pid]) => ({ name: name!, pid: Number(pid) }))
  } catch {
    // Who it is only makes the message better.
    return []
  }
}
