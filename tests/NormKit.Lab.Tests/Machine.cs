using System.Globalization;

namespace NormKit.Lab.Tests;

/// <summary>How busy the machine is: a time limit that is missed while others work says nothing.</summary>
internal static class Machine
{
    /// <summary>Returns the mean number of processes that wanted to run during the last minute, or 0 where the system does not say.</summary>
    public static double Load() => File.Exists("/proc/loadavg") ? double.Parse(File.ReadAllText("/proc/loadavg").Split(' ')[0], CultureInfo.InvariantCulture) : 0;
}
