import { connect } from 'node:net'
import { WherryError } from '#lib/errors.ts'

/**
 * One command to a HAProxy's socket, and its whole answer. The text may hold a payload behind `<<`, closed by an empty line, which is added here. No
 * socket, or nobody behind it, is `ServiceUnavailable`.
 */
export function askHaproxy(socketPath: string, text: string, timeoutMs = 10_000): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(socketPath)
    let answer = ''
    socket.setEncoding('utf8')
    socket.setTimeout(timeoutMs, () => fail(new Error(`no answer within ${timeoutMs} ms`)))
    socket.on('data', (part: string) => {
      answer += part
      if (answer.length > longestAnswer) fail(new Error(`an answer of more than ${longestAnswer} characters`))
    })
    socket.once('error', fail)
    socket.once('end', () => resolve(answer))
    socket.once('close', () => resolve(answer))
    // Closed on our side: a master would wait for more.
    socket.end(`${text}\n`)

    function fail(cause: Error): void {
      reject(new WherryError('ServiceUnavailable', `${socketPath}: ${cause.message}`, { cause }))
      socket.destroy()
    }
  })
}

const longestAnswer = 16 << 20
