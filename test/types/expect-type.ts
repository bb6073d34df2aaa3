/** Whether two types are one and the same, not merely assignable to each other. */
type IsSame<One, Other> =
  (<Any>() => Any extends One ? 1 : 2) extends <Any>() => Any extends Other ? 1 : 2 ? true : false

/** Compiles only where the value has exactly the expected type: `expectType<string>()(value)(true)`. */
export function expectType<Expected>(): <Actual>(value: Actual) => (same: IsSame<Actual, Expected>) => void {
  return () => () => {}
}
