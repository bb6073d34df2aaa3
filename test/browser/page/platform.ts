/** The connections to databases that this page has opened, in order: tests close them as a browser would. */
export const capturedConnections: IDBDatabase[] = []

if (typeof IDBFactory !== 'undefined') {
  const { open } = IDBFactory.prototype
  IDBFactory.prototype.open = function (...parameters) {
    const request = open.apply(this, parameters)
    request.addEventListener('success', () => capturedConnections.push(request.result))
    return request
  }
}

const systemNow = Date.now.bind(Date)

/** Makes the wall clock of this page so much ahead of the real one; timers do not notice. */
export function setClockOn(milliseconds: number): void {
  Date.now = () => systemNow() + milliseconds
}
