using Microsoft.Playwright;

namespace NormKit.Lab.Tests;

/// <summary>Makes the pictures of the README: NORMKIT_LAB_SHOTS=docs/images dotnet test --project tests/NormKit.Lab.Tests -c Release -- --filter-class NormKit.Lab.Tests.ScreenshotTests.</summary>
public sealed class ScreenshotTests(Browser browser)
{
    [Theory]
    [InlineData(ColorScheme.Light, "lab-light.png", "layer=batch"), InlineData(ColorScheme.Dark, "lab-dark.png", "layer=group&groups=4")]
    public async Task Page_AtFirstSight(ColorScheme scheme, string file, string state)
    {
        string? folder = Environment.GetEnvironmentVariable("NORMKIT_LAB_SHOTS");
        Assert.SkipUnless(folder is not null, "NORMKIT_LAB_SHOTS names no folder for the pictures.");
        await using LabPage lab = await browser.Open(state, options =>
        {
            options.ColorScheme = scheme;
            options.ReducedMotion = ReducedMotion.Reduce;
            options.ViewportSize = new() { Width = 1280, Height = 860 };
        });
        await lab.Page.WaitForTimeoutAsync(800);
        byte[] picture = await lab.Page.ScreenshotAsync(new() { Path = Path.Combine(folder!, file) });
        Assert.True(picture.Length > 20_000);
    }
}
