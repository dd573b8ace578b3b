import { setTimeout as delay } from 'node:timers/promises'
import { run } from '#host/run.ts'
import { WherryError } from '#lib/errors.ts'

/** Between whom is measured: words that run a command at either end, and the address of the second. */
export interface Ends {
  readonly from: readonly string[]
  readonly to: readonly string[]
  readonly address: string
}

/** One TCP stream for some seconds, by iperf3(1): gigabits a second that arrived. Throws `InternalError` where it does not get through. */
export async function throughput({ from, to, address }: Ends, seconds: number): Promise<number> {
  const [serve, ...serveWords] = [...to, 'iperf3', '--server', '--one-off']
  const server = run(serve!, serveWords, { timeoutMs: (seconds + 20) * 1_000 })
  server.catch(() => {})
  const [command, ...words] = [...from, 'iperf3', '--client', address, '--time', String(seconds), '--json', '--connect-timeout', '1000']
  for (let tries = 0; ; tries += 1) {
    const { stdout } = await run(command!, words, { accept: [1], timeoutMs: (seconds + 20) * 1_000 })
    // It says what went wrong in its answer; its exit code does not.
    const { error, end } = JSON.parse(stdout) as { error?: string; end: { sum_received?: { bits_per_second: number } } }
    if (error === undefined && end.sum_received) {
      await server
      return end.sum_received.bits_per_second / 1e9
    }
    if (tries === 40) throw new WherryError('InternalError', `iperf3 does not get through: ${stdout.slice(0, 300)}`)
    await delay(50)
  }
}
