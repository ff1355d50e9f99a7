using System.Numerics;

namespace NormKit.Cli;

/// <summary>Work for which the types are known only when the files have been read.</summary>
internal interface ITypedWork
{
    /// <typeparam name="T">What is computed in: float or double.</typeparam>
    /// <typeparam name="TInput">The elements of input and output: T, or for float Half or BFloat16.</typeparam>
    void Run<T, TInput>() where T : unmanaged, IBinaryFloatingPointIeee754<T> where TInput : unmanaged;
}
